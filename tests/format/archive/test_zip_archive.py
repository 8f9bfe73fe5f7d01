"""Zips of anybody's making: unpacked as they are, or refused and nothing left."""

from __future__ import annotations

import contextlib
import hashlib
import io
import stat
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits
from tensorflow_hub.format.archive.zip_archive import extract_zip

FILES = {"saved_model.pb": b"graph" * 1000, "assets/wörter.txt": b"ja\n", "assets/empty": b""}


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_member(name, mode=0):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return {info: b"/etc/passwd"}


def extracted(tmp_path, data, limits=DEFAULT_LIMITS):
    (tmp_path / "a.zip").write_bytes(data)
    return extract_zip(tmp_path / "a.zip", tmp_path / "out", limits)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_unpacked(tmp_path, method):
    entries = extracted(tmp_path, zipped({"assets/": b"", **FILES}, method))
    assert {entry.path: entry.sha256 for entry in entries} == {
        path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()
    }
    assert {path: (tmp_path / "out" / path).read_bytes() for path in FILES} == FILES


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"../evil": b"x"}, "leaves it"),
        ({"/evil": b"x"}, "relative paths"),
        ({"a\\b": b"x"}, "backslash"),
        ({"A": b"x", "a": b"y"}, "differ by more than case"),
        ({"a/": b"", "a": b"x"}, "every path once"),
        ({}, "Expected files in the zip, got none"),
        (with_member("link", stat.S_IFLNK | 0o777), "got a link or a device: 'link'"),
        (with_member("pipe", stat.S_IFIFO | 0o600), "got a link or a device: 'pipe'"),
        ({"bomb": bytes(300 << 20)}, "Expected files of at most 100 times the size of the zip"),
    ],
)
def test_hostile_members_are_refused(tmp_path, files, problem):
    with pytest.raises(ArchiveError, match=problem):
        extracted(tmp_path, zipped(files))
    assert not list((tmp_path / "out").iterdir())
    assert not (tmp_path / "evil").exists()


def test_too_many_and_too_large_files_are_refused(tmp_path):
    with pytest.raises(ArchiveError, match="at most 2 files"):
        extracted(tmp_path, zipped(FILES), ArchiveLimits(files=2))
    with pytest.raises(ArchiveError, match="at most 100 bytes"):
        extracted(tmp_path, zipped(FILES), ArchiveLimits(total_bytes=100))


def test_an_encrypted_zip_is_refused(tmp_path):
    data = bytearray(zipped(FILES))
    at = data.index(b"PK\x01\x02") + 8
    data[at] |= 1
    with pytest.raises(ArchiveError, match="without a password"):
        extracted(tmp_path, bytes(data))


def test_a_wrong_size_is_refused(tmp_path):
    data = bytearray(zipped({"a": b"graph" * 1000}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 6000)
    with pytest.raises(ArchiveError, match="Expected 6,000 bytes in 'a', got 5,000|damaged"):
        extracted(tmp_path, bytes(data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_zip_is_unpacked_right_or_refused(tmp_path, data):
    archive = bytearray(zipped(FILES))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    archive = archive[: data.draw(st.integers(0, len(archive)))] if data.draw(st.booleans()) else archive
    with contextlib.suppress(ArchiveError):
        for entry in extracted(tmp_path, bytes(archive)):
            content = (tmp_path / "out" / entry.path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry.sha256
            (tmp_path / "out" / entry.path).unlink()
