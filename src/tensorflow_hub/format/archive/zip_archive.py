"""Unpacking zip files from untrusted sources.

Hubs send tar.gz, but other sources send the files that publishers uploaded. The format is PKWARE's
APPNOTE.TXT. Python's `zipfile` reads it, and this file checks the limits.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits
from tensorflow_hub.format.archive.member_names import NamesSeen, check_path, exceeded, refuse
from tensorflow_hub.format.archive.new_files import create, empty, write_all

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")  # the start of a zip with files, and of an empty one

_CHUNK = 1 << 20
_LARGEST_READ = 32 << 20  # bytes of the list of files, which takes ten times as much in memory
# The errors that `zipfile` raises for damaged files. Its documentation names only some of them.
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    EOFError,
    OverflowError,
    RuntimeError,
    ValueError,
    io.UnsupportedOperation,
    struct.error,
    zlib.error,
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # bit of the flags
_UNIX = 3


def extract_zip(
    path: str | os.PathLike[str], target_dir: str | os.PathLike[str], limits: ArchiveLimits = DEFAULT_LIMITS
) -> tuple[FileEntry, ...]:
    """Unpacks a zip file from an untrusted source.

    Args:
      path: the path of the zip file.
      target_dir: an empty directory, or one to create.
      limits: sizes and counts beyond which the file is refused.

    Returns:
      The files in the order of the archive, with size and SHA-256.

    Raises:
      ArchiveError: the file is damaged or malicious; the message says how. `target_dir` is empty again.
    """
    target = Path(target_dir)
    target.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "rb", buffering=0) as file, zipfile.ZipFile(_Bounded(file)) as archive:
            members = _checked(archive.infolist(), Path(path).stat().st_size, limits)
            return tuple(_extract(archive, member, name, target) for member, name in members)
    except BaseException as error:
        empty(target)
        if isinstance(error, _DAMAGED) and not isinstance(error, ArchiveError):
            raise refuse(f"Expected an intact zip file, got a damaged one: {error}.") from error
        raise


class _Bounded(io.FileIO):
    """Opens a zip file, limiting the size of its list of files, which `zipfile` does not check."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file.fileno(), "rb", closefd=False)

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(min(size if size is not None and size >= 0 else sys.maxsize, _LARGEST_READ + 1))
        if len(data or b"") > _LARGEST_READ:
            raise refuse(f"Expected a list of files of at most {_LARGEST_READ:,} bytes in the zip, got more.")
        return data or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET and offset < 0:
            raise refuse(
                "Expected an intact zip file, got one with a negative position of its list of files."
            )
        return super().seek(offset, whence)


def _checked(
    infos: list[zipfile.ZipInfo], packed: int, limits: ArchiveLimits
) -> list[tuple[zipfile.ZipInfo, str]]:
    """The files in the zip file, with their checked paths."""
    seen, files, total = NamesSeen(limits), [], 0
    for info in infos:
        path = check_path(info.orig_filename, limits)
        mode = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise refuse(f"Expected files and directories only, got a link or a device: {path!r}.")
        if info.flag_bits & _ENCRYPTED:
            raise refuse(f"Expected a zip file without a password, got {path!r}, which is encrypted.")
        if info.compress_type not in _METHODS:
            raise refuse(f"Expected files that are stored or deflated, got another method for {path!r}.")
        is_directory = info.orig_filename.endswith("/")
        seen.add(path, is_directory=is_directory)
        if is_directory:
            continue
        if not path:
            raise refuse("Expected a name for every file, got an empty one.")
        total += info.file_size
        if total > limits.total_bytes:
            raise exceeded(f"Expected at most {limits.total_bytes:,} bytes of files, got more.", limits)
        files.append((info, path))
    if total > max(limits.ratio_free_bytes, packed * limits.ratio):
        raise refuse(
            f"Expected files of at most {limits.ratio} times the size of the zip, got {total:,} bytes from "
            f"{packed:,}."
        )
    if not files:
        raise refuse("Expected files in the zip, got none.")
    return files


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, target: Path) -> FileEntry:
    place = target / path
    place.parent.mkdir(parents=True, exist_ok=True)
    sha256, size = hashlib.sha256(), 0
    with archive.open(info) as content, create(place) as out:
        while block := content.read(_CHUNK):
            size += len(block)
            sha256.update(block)
            write_all(out, memoryview(block))
    if size != info.file_size:
        raise refuse(f"Expected {info.file_size:,} bytes in {path!r}, got {size:,}.")
    return FileEntry(path, size, sha256.hexdigest())
