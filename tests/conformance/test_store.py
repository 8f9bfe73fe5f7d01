"""What every store does, on a folder and on real S3 servers."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import urllib.request
from pathlib import Path

import pytest
from patience import PATIENCE

from tensorflow_hub.errors import ArchiveError, DigestError, SettingsError
from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.directory import DirectoryStore
from tensorflow_hub.server.store.indexes import read_index
from tensorflow_hub.server.store.interface import index_key
from tensorflow_hub.server.store.objects import ObjectStore
from tensorflow_hub.server.store.opening import BUCKETS, StoreClasses, open_store, open_tree_store


@pytest.fixture(
    params=[
        "directory",
        pytest.param("seaweedfs", marks=pytest.mark.services),
        pytest.param("ceph", marks=pytest.mark.ceph),
    ]
)
def store(request, tmp_path, monkeypatch, new_name):
    if request.param == "directory":
        return DirectoryStore(tmp_path / "store")
    server = request.getfixturevalue(request.param)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return ObjectStore(f"{server.new_place(new_name())}/prefix")


def read(store, key, *span):
    return b"".join(store.read(key, *span))


def test_it_works(store):
    store.check()


def test_an_object_round_trips(store):
    store.write("archives/a", [b"ab", b"", b"cde"])
    assert read(store, "archives/a") == b"abcde"
    assert store.size("archives/a") == 5


@pytest.mark.parametrize(("start", "end"), [(0, 3), (2, 5), (2, None), (4, 5), (5, 5), (0, 99)])
def test_a_part_of_an_object(store, start, end):
    store.write("archives/a", [b"abcde"])
    assert read(store, "archives/a", start, end) == b"abcde"[start:end]


def test_an_object_larger_than_a_part(store):
    content = os.urandom(20 << 20)
    store.write("archives/big", (content[at : at + 100_000] for at in range(0, len(content), 100_000)))
    assert read(store, "archives/big") == content
    assert read(store, "archives/big", 9 << 20, 17 << 20) == content[9 << 20 : 17 << 20]


def test_an_empty_object(store):
    store.write("files/empty", [])
    assert store.size("files/empty") == 0
    assert read(store, "files/empty") == b""


def test_what_is_absent(store):
    assert store.size("archives/absent") is None
    with pytest.raises(FileNotFoundError):
        read(store, "archives/absent")
    with pytest.raises(FileNotFoundError):
        store.open_object("archives/absent")
    with pytest.raises(FileNotFoundError):
        store.open_upload("absent")
    store.delete("archives/absent")
    store.discard_upload("absent")


def test_a_write_that_fails_leaves_nothing(store):
    def pieces():
        yield b"x" * 100
        raise RuntimeError("the source broke")

    with pytest.raises(Exception, match="the source broke"):
        store.write("archives/half", pieces())
    assert store.size("archives/half") is None
    assert list(store.list_objects("archives/")) == []


def test_objects_are_listed_and_deleted(store):
    for key in ("archives/a", "archives/b", "files/a"):
        store.write(key, [key.encode()])
    assert sorted(item.key for item in store.list_objects("archives/")) == ["archives/a", "archives/b"]
    assert [(item.key, item.size) for item in store.list_objects("files/")] == [("files/a", 7)]
    store.delete("archives/a")
    assert [item.key for item in store.list_objects("archives/")] == ["archives/b"]
    assert read(store, "archives/b") == b"archives/b"


def test_an_upload_in_parts_becomes_an_object(store):
    content = os.urandom(3 << 20)
    for at in range(0, len(content), 1 << 20):
        store.append("u1", at, content[at : at + (1 << 20)])
    source = store.open_upload("u1")
    assert source.size == len(content)
    assert source.read(500_000, 2_500_000) == content[500_000:2_500_000]
    assert source.read(len(content) - 5, len(content) + 5) == content[-5:]
    source.close()
    assert [upload for upload, _ in store.list_uploads()] == ["u1"]
    store.commit_upload("u1", len(content), "archives/u1", hashlib.sha256(content).hexdigest())
    store.commit_upload("u1", len(content), "archives/u1", hashlib.sha256(content).hexdigest())
    assert read(store, "archives/u1") == content
    source = store.open_object("archives/u1")
    assert source.read(7, 9) == content[7:9]
    source.close()
    store.discard_upload("u1")
    assert list(store.list_uploads()) == []
    assert read(store, "archives/u1") == content


def test_a_part_may_be_sent_again(store):
    store.append("u1", 0, b"abc")
    store.append("u1", 0, b"abc")
    store.append("u1", 3, b"def")
    store.commit_upload("u1", 6, "archives/u1", hashlib.sha256(b"abcdef").hexdigest())
    assert read(store, "archives/u1") == b"abcdef"


def test_an_upload_that_changed_after_it_was_checked_is_refused(store):
    checked, digest = b"abcdef", hashlib.sha256(b"abcdef").hexdigest()
    store.append("u1", 0, checked)
    store.append("u1", 0, b"ABC")
    with pytest.raises(DigestError, match=f"Expected the upload u1 to have the SHA-256 {digest}, got"):
        store.commit_upload("u1", 6, "archives/u1", digest)
    assert store.size("archives/u1") is None


def test_a_late_part_does_not_change_an_object(store):
    content = os.urandom(2 << 20)
    store.append("u1", 0, content)
    digest = hashlib.sha256(content).hexdigest()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        late = [pool.submit(store.append, "u1", 0, content) for _ in range(3)]
        pool.submit(store.commit_upload, "u1", len(content), "archives/u1", digest).result()
        for part in late:
            assert isinstance(part.exception(), OSError | None)
    assert read(store, "archives/u1") == content


def test_an_index_of_more_files_than_readers_take_by_default_is_read(store):
    files = tuple(FileEntry(f"assets/{number}", 0, "0" * 64) for number in range(DEFAULT_LIMITS.files + 1))
    index = ArchiveIndex(10, "1" * 64, files, ())
    store.write(index_key("1" * 64), [index.to_json()])
    assert read_index(store, "1" * 64) == index
    store.write(index_key("2" * 64), [index.to_json()])
    with pytest.raises(
        ArchiveError, match=r"Expected the index of the archive [0-9a-f]{64}, got that of [0-9a-f]{64}\."
    ):
        read_index(store, "2" * 64)


def test_many_readers_of_one_upload(store):
    content = os.urandom(1 << 20)
    store.append("u1", 0, content)
    source = store.open_upload("u1")
    spans = [(at, at + 70_000) for at in range(0, len(content), 70_000)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pieces = list(pool.map(lambda span: source.read(*span), spans))
    assert b"".join(pieces) == content
    source.close()


def test_two_writers_of_one_object(store):
    """Both write the same bytes, since the name is their digest: whoever is last changes nothing."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.write("archives/same", [b"same"]), range(8)))
    assert read(store, "archives/same") == b"same"


def test_a_presigned_url_or_a_file(store):
    store.write("archives/a", [b"abcde"])
    url, path = store.presigned_url("archives/a", 60), store.local_path("archives/a")
    assert (url is None) != (path is None)
    if url is None:
        assert path.read_bytes() == b"abcde"
        return
    assert urllib.request.urlopen(url, timeout=PATIENCE).read() == b"abcde"
    part = urllib.request.Request(url, headers={"Range": "bytes=1-2"})
    assert urllib.request.urlopen(part, timeout=PATIENCE).read() == b"bc"


def test_a_tree_of_files_is_there_whole_or_not_at_all(store, tmp_path):
    source = tmp_path / "source"
    (source / "variables").mkdir(parents=True)
    (source / "saved_model.pb").write_bytes(b"graph")
    (source / "variables" / "variables.index").write_bytes(b"index")
    paths = ["saved_model.pb", "variables/variables.index"]
    assert not store.has_tree("ab12")
    for _ in range(2):  # written twice, as two processes may
        store.write_tree("ab12", source, paths)
        assert store.has_tree("ab12")
    assert [read(store, f"ab12/{path}") for path in paths] == [b"graph", b"index"]
    assert not store.has_tree("ab1")
    for _ in range(2):
        store.delete_tree("ab12")
        assert not store.has_tree("ab12")
    assert [*store.list_objects("ab12/")] == []


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", ""])
def test_a_folder_is_never_left(tmp_path, key):
    with pytest.raises(ValueError, match="Expected a key of plain segments"):
        DirectoryStore(tmp_path / "store").size(key)


def test_settings_open_stores(tmp_path):
    assert isinstance(open_store(ServerSettings(data=str(tmp_path))), DirectoryStore)
    assert open_store(ServerSettings(store=str(tmp_path / "x"))).root == tmp_path / "x"
    assert open_store(ServerSettings(store=f"file://{tmp_path}/y")).root == tmp_path / "y"
    with pytest.raises(SettingsError, match="Expected a folder or a URL like s3://bucket/prefix"):
        open_store(ServerSettings(store="ftp://x"))


class Shelf(DirectoryStore):
    """A made-up place for archives: `shelf:///folder`."""

    def __init__(self, url):
        super().__init__(Path(url.removeprefix("shelf://")))


def test_a_new_place_for_archives_takes_its_classes_and_one_row(tmp_path, monkeypatch):
    name = f"{__name__}:{Shelf.__name__}"
    monkeypatch.setitem(BUCKETS, "shelf", StoreClasses(name, name))
    url = f"shelf://{tmp_path}/shelf"
    store = open_store(ServerSettings(store=url))
    store.write("archives/a.tar.gz", [b"ab", b"c"])
    assert read(store, "archives/a.tar.gz") == b"abc"
    assert isinstance(open_tree_store(url), Shelf)
