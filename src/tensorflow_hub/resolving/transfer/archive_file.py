"""Unpacking an archive file on this machine into the cache."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
from typing import BinaryIO

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.cache.staging import staged_install
from tensorflow_hub.resolving.limits import limits_of, manifest_of
from tensorflow_hub.settings import Settings


def resolve_archive_file(
    path: str, settings: Settings, handle: str | None = None
) -> tuple[CachedModule, str]:
    """Unpacks an archive file into the cache. A file that changed gets another name there.

    Args:
      path: the path of a `.tar.gz`, `.tgz` or `.tar` file.
      settings: the settings of the process.
      handle: the name in the cache, for a file with known content; None for its path, size and time.

    Raises:
      ArchiveError: the file is not an archive, or a hostile one.
    """
    cache = Cache.from_settings(settings)
    status = os.stat(path)
    handle = (
        handle or f"{pathlib.Path(path).resolve().as_uri()}?size={status.st_size}&mtime={status.st_mtime_ns}"
    )
    found = cache.find(handle)
    if found is not None:
        return found, "cache"

    def fill(staging: str) -> Manifest:
        target = os.path.join(staging, "files")
        shutil.rmtree(target, ignore_errors=True)
        with open(path, "rb") as file:
            stream = _Hashed(file)
            try:
                files = extract_archive(stream, target, limits_of(settings))
            except ArchiveError as problem:
                raise ArchiveError(
                    f"{path!r} cannot be used. {problem.problem}", hint=problem.hint
                ) from problem
            after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise ArchiveError(f"{path!r} changed while it was read.", hint="Try again when it is written.")
        return manifest_of(handle, path, files, stream.sha256.hexdigest())

    return staged_install(cache, handle, fill)


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.sha256 = hashlib.sha256()
        self._file = file

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        return data
