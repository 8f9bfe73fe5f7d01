"""Bundles with documentation: what is damaged or hostile is left out, what is cached already stays."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import logging
import tarfile

import pytest
from pictures import picture

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.resolving.cache.bundle import export_bundle, import_bundle
from tensorflow_hub.resolving.cache.kept_documentation import find_documentation, read_documentation
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, key_of
from tensorflow_hub.resolving.cache.manifest import read_manifest
from tensorflow_hub.resolving.sources.source import Documentation
from tensorflow_hub.settings import Settings

CARD = "# Module acme/text/1\nKnows words.\n\n![Cats](cats.png)\n"
DOCUMENTATION = Documentation(CARD, {"cats.png": picture()}, ({"dataset": "photos", "value": 0.5},))


def listed(data, **changed):
    digest = hashlib.sha256(data).hexdigest()
    return {"path": "cats.png", "sha256": digest, "content": base64.b64encode(data).decode(), **changed}


def entry(**changed):
    return {"format": 1, "card": CARD, "measurements": [], "pictures": [listed(picture())], **changed}


@pytest.fixture
def cached(hub, module):
    path = hub_library.resolve(hub.publish("acme/text/1", module))
    return CachedModule(path, read_manifest(f"{path}.manifest.json"))


@pytest.fixture
def there(tmp_path):
    """The cache of another machine."""
    return Cache(str(tmp_path / "there"))


def brought(bundle, there):
    return import_bundle(str(bundle), there, Settings.from_environment())


def test_documentation_goes_with_its_module_and_is_replaced_by_the_next_bundle(cached, there, tmp_path):
    handle, bundle = cached.manifest.handle, tmp_path / "bundle.tar"
    export_bundle([cached], str(bundle))
    brought(bundle, there)
    assert find_documentation(there, handle) is None
    signed = dataclasses.replace(cached.manifest, signatures=("{}",))
    export_bundle([CachedModule(cached.path, signed)], str(bundle), {handle: DOCUMENTATION})
    [module] = brought(bundle, there)
    assert find_documentation(there, handle) == DOCUMENTATION
    assert module.manifest.signatures == there.find(handle).manifest.signatures == ("{}",)
    export_bundle([cached], str(bundle), {handle: Documentation("# Other")})
    brought(bundle, there)
    assert find_documentation(there, handle) == Documentation("# Other")
    assert there.find(handle).manifest.signatures == ("{}",)
    elsewhere = Cache(str(tmp_path / "empty"), tiers=(there.root,))
    assert find_documentation(elsewhere, handle) == Documentation("# Other")


def of_time(card, updated):
    return Documentation(card, card_updated_at=updated)


def test_the_documentation_with_the_later_card_stays(cached, there, tmp_path, caplog):
    handle, bundle = cached.manifest.handle, tmp_path / "bundle.tar"

    def bring(documentation):
        export_bundle([cached], str(bundle), {handle: documentation})
        brought(bundle, there)
        return find_documentation(there, handle)

    later = of_time("# Later", "2026-02-01T00:00:00Z")
    assert bring(later) == later
    with caplog.at_level(logging.WARNING, "tensorflow_hub"):
        assert bring(of_time("# Earlier", "2026-02-01T00:30:00+01:00")) == later
    assert (
        f"The card of {handle} in the bundle is of 2026-02-01T00:30:00+01:00. "
        "The cache keeps its card of 2026-02-01T00:00:00Z, which is later." in caplog.text
    )
    assert bring(of_time("# Latest", "2026-02-02T00:00:00+00:00")).card == "# Latest"


@pytest.mark.parametrize(
    ("kept", "brought_time"),
    [
        ("2026-02-01T00:00:00Z", ""),
        ("", "2026-02-01T00:00:00Z"),
        ("9999-12-31T00:00:00+00:00", "2026-02-01T00:00:00Z"),
        ("no time", "2026-02-01T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "2026-02-01T00:00:00Z"),
    ],
    ids=["bundle of before", "cache of before", "future", "no time", "first year"],
)
def test_documentation_of_an_unknown_time_is_replaced(cached, there, tmp_path, kept, brought_time):
    handle, bundle = cached.manifest.handle, tmp_path / "bundle.tar"
    for documentation in (of_time("# Kept", kept), of_time("# Brought", brought_time)):
        export_bundle([cached], str(bundle), {handle: documentation})
        brought(bundle, there)
        assert find_documentation(there, handle) == documentation


def test_damaged_documentation_is_left_out_and_its_module_is_imported(cached, there, tmp_path, caplog):
    handle, bundle = cached.manifest.handle, tmp_path / "bundle.tar"
    export_bundle([cached], str(bundle))
    with tarfile.open(bundle, "a") as archive:
        member = tarfile.TarInfo(f"{key_of(handle)}.documentation.json")
        member.size = 8
        archive.addfile(member, io.BytesIO(b"[{]} no!"))
    with caplog.at_level(logging.WARNING, "tensorflow_hub"):
        [module] = brought(bundle, there)
    assert module.manifest.handle == handle
    assert f"The documentation of {handle} in the bundle cannot be read; it is left out." in caplog.text
    assert find_documentation(there, handle) is None


@pytest.mark.parametrize("kept", [10, 700, 3000], ids=["no tar file", "manifest only", "cut"])
def test_the_error_for_a_damaged_bundle_says_how_to_make_it_anew(cached, there, tmp_path, kept):
    bundle = tmp_path / "bundle.tar"
    export_bundle([cached], str(bundle))
    bundle.write_bytes(bundle.read_bytes()[:kept])
    with pytest.raises(errors.HubError, match=r"bundle\.tar' cannot be used") as caught:
        brought(bundle, there)
    assert "make it anew: `tfhub cache export HANDLE... -o BUNDLE`" in caught.value.hint
    assert there.find(cached.manifest.handle) is None


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"{}", json.dumps(entry(format=2)).encode()],
    ids=["empty", "no text", "deep", "list", "no format", "later format"],
)
def test_what_is_no_documentation_is_none(text, tmp_path):
    (tmp_path / "a.documentation.json").write_bytes(text)
    assert read_documentation(str(tmp_path / "a.documentation.json")) is None


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        ([listed(picture())], {"cats.png": picture()}),
        ([listed(picture(), path="other.png")], {}),
        ([listed(picture(), path="../cats.png")], {}),
        ([listed(picture(), sha256="0" * 64)], {}),
        ([listed(picture(), content="no base64!")], {}),
        ([listed(picture(), content=None)], {}),
        ([listed(picture(), sha256=["a"])], {}),
        (["cats.png", None, 7, {}], {}),
        ({"cats.png": "a"}, {}),
        (None, {}),
    ],
)
def test_pictures_are_those_that_the_card_names_with_the_right_digest(pictures, expected, tmp_path):
    (tmp_path / "a.documentation.json").write_text(json.dumps(entry(pictures=pictures, measurements="none")))
    found = read_documentation(str(tmp_path / "a.documentation.json"))
    assert found == Documentation(CARD, expected, ())


@pytest.mark.parametrize("card", [None, 7, "x" * (5 << 20)], ids=["none", "number", "too long"])
def test_without_a_card_there_is_no_documentation(card, tmp_path):
    (tmp_path / "a.documentation.json").write_text(json.dumps(entry(card=card)))
    assert read_documentation(str(tmp_path / "a.documentation.json")) == Documentation()
