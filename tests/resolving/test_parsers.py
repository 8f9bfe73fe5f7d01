"""What comes from users and files is read or refused, whatever it is."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub import errors
from tensorflow_hub.handles import PathHandle, UrlHandle, as_model_name, parse_handle
from tensorflow_hub.resolving.cache.manifest import CachedFile, Manifest
from tensorflow_hub.resolving.lock_file import LockedModule, LockFile, read_lock_file, write_lock_file
from tensorflow_hub.resolving.mirrors import mirrors_of, places_of_path
from tensorflow_hub.resolving.sources.hub import with_format
from tensorflow_hub.setting_values import parse_mirrors, parse_size
from tensorflow_hub.settings import Settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(st.text() | st.from_regex(r"\A[a-z0-9+]{1,5}://.{0,20}\Z"))
def test_any_text_is_a_handle_or_refused(text):
    handle = None
    with contextlib.suppress(errors.HandleError):
        handle = parse_handle(text)
    if handle is not None:
        assert isinstance(handle, (UrlHandle, PathHandle))
        as_model_name(text)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_manifest_or_none(data):
    assert Manifest.from_json(data) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("handle", 5), ("digest", 3), ("source", None), ("files", [["a", "1", None]]), ("files", [[1, 1, "x"]])],
)
def test_a_manifest_of_wrong_types_is_ignored(field, value):
    right = Manifest("h", "s", None, None, "now", (CachedFile("a", 1, None),)).to_json()
    assert Manifest.from_json(right) is not None
    assert Manifest.from_json(json.dumps({**json.loads(right), field: value}).encode()) is None


@given(
    st.builds(
        Manifest,
        st.text(),
        st.text(),
        st.none() | st.text(),
        st.none() | st.text(),
        st.text(),
        st.lists(st.builds(CachedFile, st.text(), st.integers(0), st.none() | st.text())).map(tuple),
        st.text(),
    )
)
def test_a_manifest_round_trips(manifest):
    assert Manifest.from_json(manifest.to_json()) == manifest


@given(st.text())
def test_any_text_is_mirrors_or_a_value_error(text):
    mirrors = ()
    with contextlib.suppress(ValueError):
        mirrors = parse_mirrors(text)
    assert all(urls for _, urls in mirrors)


@given(JSON)
def test_any_json_is_a_lock_file_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("lock") / "tfhub.lock"
    path.write_text(json.dumps(value))
    with pytest.raises(errors.SettingsError, match="is not a lock file"):
        read_lock_file(str(path))


def test_a_lock_file_round_trips(tmp_path):
    lock = LockFile(
        str(tmp_path / "tfhub.lock"),
        {"https://h/a/b/1": LockedModule("sha256:1"), "x": LockedModule("2", "y")},
    )
    write_lock_file(lock)
    assert read_lock_file(lock.path) == lock


def test_a_lock_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "tfhub.lock").mkdir()
    with pytest.raises(errors.SettingsError, match=r"tfhub\.lock' cannot be written: Is a directory"):
        write_lock_file(LockFile(str(tmp_path / "tfhub.lock"), {}))
    assert [path.name for path in tmp_path.iterdir()] == ["tfhub.lock"]


@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ("https://tfhub.dev/google/elmo/3", ("http://a.example/google/elmo/3",)),
        ("https://tfhub.dev/google/elmo/3?x=1", ("http://a.example/google/elmo/3?x=1",)),
        ("https://tfhub.dev/acme/x/1", ("http://b.example/sub/x/1", "http://c.example/x/1")),
        ("https://tfhub.dev.evil.example/x", ()),
        ("http://tfhub.dev/google/elmo/3", ()),
    ],
)
def test_the_longest_prefix_decides(handle, expected):
    text = "https://tfhub.dev/ -> http://a.example; https://tfhub.dev/acme → http://b.example/sub, http://c.example"
    assert mirrors_of(handle, Settings(mirrors=parse_mirrors(text))) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me/words", ("/data/words", "/my data/words")),
        ("/home/me", ("/data", "/my data")),
        ("/home/me/x=1/words", ("/runs/words",)),
        ("/home/mechanic/words", ()),
        (r"C:\Users\me\words\1", ("/srv/words/1",)),
        ("acme/words/1", ()),
    ],
)
def test_the_longest_path_decides(path, expected):
    text = r"/home/me/ -> /data, /my data; /home/me/x=1 → /runs; C:\Users\me -> /srv; https://a -> https://b"
    settings = Settings(mirrors=parse_mirrors(text))
    assert places_of_path(path, settings) == expected
    assert mirrors_of("https://a/x", settings) == ("https://b/x",)


def test_a_relative_path_fits_the_rule_of_the_folder_it_was_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(mirrors=((str(tmp_path), ("/data",)),))
    assert places_of_path("words/1", settings) == ("/data/words/1",)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "https://a",
        "https://a ->",
        "-> https://b",
        "a -> b",
        "/a",
        "/a -> b",
        "/a -> /b, c",
        "https://a -> /b",
    ],
)
def test_broken_mirrors_are_refused_by_name(text, monkeypatch):
    monkeypatch.setenv("TFHUB_MIRRORS", text)
    with pytest.raises(
        errors.SettingsError, match=r"TFHUB_MIRRORS has the value .*expected 'https://old/ ->"
    ):
        Settings.from_environment()


def test_sizes():
    assert [parse_size(text) for text in ("0", "1k", "1.5 GB", "20MB")] == [
        0,
        1000,
        1_500_000_000,
        20_000_000,
    ]
    with pytest.raises(ValueError, match="expected a size"):
        parse_size("much")


def test_a_format_replaces_one_that_is_there():
    url = "https://h/a/b/1?tf-hub-format=uncompressed&x=1#top"
    assert with_format(url, "compressed") == "https://h/a/b/1?x=1&tf-hub-format=compressed"
