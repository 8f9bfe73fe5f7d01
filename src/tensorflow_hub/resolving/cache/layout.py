"""The layout of the cache: the directory of each handle, and whether it is complete.

    <root>/<sha1 of the handle>/                 the module, as TensorFlow reads it
    <root>/<sha1 of the handle>.manifest.json    the files that it must have
    <root>/<sha1 of the handle>.documentation.json   card, pictures and measurements, from a bundle
    <root>/.tfhub/staging/…                      downloads in progress; renamed into place when complete
    <root>/.tfhub/locks/…, .tfhub/newest/…, .tfhub/trash/…

The names of the directories are the same as in earlier releases of this library, so that their caches can
be used.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterable

from tensorflow_hub.errors import CacheError
from tensorflow_hub.resolving.cache.durability import boot_number, flush, flush_later, survived
from tensorflow_hub.resolving.cache.manifest import (
    Manifest,
    files_of_foreign,
    is_complete,
    now,
    read_manifest,
    write_manifest,
)
from tensorflow_hub.settings import Settings

_USED_AGAIN_AFTER = 3600.0
_LONGEST_ON_WINDOWS = 259  # characters of a path, unless Windows is configured for more


@dataclasses.dataclass(frozen=True)
class CachedModule:
    """A complete directory of the cache.

    Attributes:
      path: the directory.
      manifest: its files.
      is_foreign: whether it is in the cache of another program, where nothing may be written.
    """

    path: str
    manifest: Manifest
    is_foreign: bool = False


def key_of(handle: str) -> str:
    """The name of a handle's directory: the SHA-1 of the handle in UTF-8, in hex.

    >>> key_of("https://tfhub.dev/google/nnlm-en-dim128/2")
    '29abffb443cb0a0ca9c72e8e3863b76d85028490'
    """
    return hashlib.sha1(handle.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


@dataclasses.dataclass(frozen=True)
class Cache:
    """A writable cache, and read-only caches that are searched after it.

    Attributes:
      root: the directory of the writable cache.
      tiers: the directories of read-only caches, in the order in which they are searched.
      remote: the URL of a cache in an object store, which is searched last; "" for none.
    """

    root: str
    tiers: tuple[str, ...] = ()
    remote: str = ""

    @classmethod
    def from_settings(cls, settings: Settings) -> Cache:
        """The cache that the settings name. Nothing is created yet.

        On a machine with several users, the default directory `<temp>/tfhub_modules` may belong to another
        user. Then each user has a separate directory beside it. A default directory of the administrator is
        read.
        """
        tiers = tuple(os.path.expanduser(path) for path in settings.cache_readonly)
        if "://" in settings.cache_dir:
            return dataclasses.replace(cls._default(tiers), remote=settings.cache_dir)
        if settings.cache_dir:
            return cls(os.path.abspath(os.path.expanduser(settings.cache_dir)), tiers)
        return cls._default(tiers)

    @classmethod
    def _default(cls, tiers: tuple[str, ...]) -> Cache:
        common = os.path.join(tempfile.gettempdir(), "tfhub_modules")
        if not hasattr(os, "geteuid"):  # Windows: each user has a temporary directory
            return cls(common, tiers)
        owner = _owner(common)
        if owner is None or owner == os.geteuid():
            return cls(common, tiers)
        own = f"{common}_{os.geteuid()}"
        if _owner(own) not in {None, os.geteuid()}:
            raise CacheError(
                f"The cache directories {common!r} and {own!r} belong to other users.",
                hint="Set TFHUB_CACHE_DIR to a directory of your own.",
            )
        return cls(own, (*tiers, common) if owner == 0 else tiers)

    def module_path(self, handle: str) -> str:
        """The path of the directory of a handle, whether it exists or not."""
        return os.path.join(self.root, key_of(handle))

    def manifest_path(self, handle: str) -> str:
        """The path of the manifest of a handle."""
        return self.module_path(handle) + ".manifest.json"

    def work_path(self, kind: str, name: str) -> str:
        """A path under `.tfhub/<kind>/`. The folders above it are created.

        Raises:
          CacheError: the cache cannot be written.
        """
        folder = os.path.join(self.root, ".tfhub", kind)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise cache_error(error, self.root) from error
        return os.path.join(folder, name)

    def find(self, handle: str) -> CachedModule | None:
        """The complete module of a handle, from the writable or a read-only cache; None if there is none."""
        for root in (self.root, *self.tiers):
            found = _find_in(root, handle, adopt=root == self.root)
            if found is not None:
                return found
        return None

    def install(self, staged: str, manifest: Manifest) -> CachedModule:
        """Moves a complete directory into its place. Readers see all of it or nothing.

        If another process installed the same handle before, its directory stays, because programs may be
        reading it. An incomplete directory is replaced.

        Raises:
          CacheError: the cache cannot be written.
        """
        path = self.module_path(manifest.handle)
        manifest = dataclasses.replace(manifest, unflushed=boot_number())
        try:
            if not manifest.unflushed:
                flush(staged, manifest)
            for _ in range(100):
                seen = _identity(path)
                found = _find_in(self.root, manifest.handle, adopt=False)
                if found is not None:
                    discard(self, staged)
                    return found
                if seen is not None:
                    self._move_away(path, seen)
                # The manifest first: after a crash in between there is no directory without its manifest.
                write_manifest(self.manifest_path(manifest.handle), manifest)
                with contextlib.suppress(OSError):
                    os.rename(staged, path)
                    if manifest.unflushed:
                        flush_later(path, manifest, self.manifest_path(manifest.handle))
                    return CachedModule(path, manifest)
                if not os.path.isdir(staged):
                    raise FileNotFoundError(2, "a download vanished before it was moved into place", staged)
                time.sleep(0.02)
        except OSError as error:
            raise cache_error(error, path) from error
        raise CacheError(
            f"The directory {path!r} cannot be put into place: something keeps writing there.",
            hint="See which programs use the cache, or set TFHUB_CACHE_DIR to another directory.",
        )

    def _move_away(self, path: str, seen: tuple[int, int]) -> None:
        """Removes an incomplete directory, unless another process has just replaced it."""
        aside = self.work_path("trash", uuid.uuid4().hex)
        _rename_quietly(path, aside)
        if _identity(aside) == seen:
            discard(self, aside)
        else:
            with contextlib.suppress(OSError):
                os.rename(aside, path)


def find_foreign(folders: Iterable[str], handle: str) -> CachedModule | None:
    """The first directory of other programs in which no file is obviously missing; None if there is none."""
    for folder in folders:
        files = files_of_foreign(folder)
        if files is not None:
            return CachedModule(folder, Manifest(handle, "", None, None, now(), files), is_foreign=True)
    return None


def discard(cache: Cache, path: str) -> None:
    """Removes a directory or file. It is renamed first, so that no reader sees a part of it.

    Raises:
      CacheError: it cannot be removed: permissions are missing or, on Windows, a program is using it.
    """
    if not os.path.lexists(path):
        return
    aside = path
    if not os.path.abspath(path).startswith(os.path.join(cache.root, ".tfhub") + os.sep):
        aside = cache.work_path("trash", uuid.uuid4().hex)
        try:
            _rename_quietly(path, aside)
        except OSError as error:
            raise CacheError(
                f"{path!r} cannot be removed from the cache: {error.strerror or error}.",
                hint="End the programs that use it, or ask the owner of the cache.",
            ) from error
    if os.path.isdir(aside) and not os.path.islink(aside):
        shutil.rmtree(aside, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(aside)


def cache_error(error: OSError, path: str) -> CacheError:
    """The error for a cache that cannot be written: the disk is full, it is read-only, or another reason."""
    import errno

    reason = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CacheError(
            f"The disk of the cache {path!r} is full.",
            hint="Free space: `tfhub cache prune --max-size 10GB`; or set TFHUB_CACHE_DIR to another disk.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return CacheError(
            f"The cache {path!r} cannot be written: {reason}.",
            hint="Set TFHUB_CACHE_DIR to a directory of your own; TFHUB_CACHE_READONLY may name this one.",
        )
    if error.errno == errno.ENAMETOOLONG or (
        os.name == "nt" and len(str(error.filename)) > _LONGEST_ON_WINDOWS
    ):
        return CacheError(
            f"The paths in the cache {path!r} become longer than this system takes.",
            hint="Set TFHUB_CACHE_DIR to a directory with a short path.",
        )
    return CacheError(
        f"The cache {path!r} cannot be used: {reason}.", hint="Set TFHUB_CACHE_DIR to another directory."
    )


def _find_in(root: str, handle: str, *, adopt: bool) -> CachedModule | None:
    path = os.path.join(root, key_of(handle))
    manifest_path = path + ".manifest.json"
    manifest = read_manifest(manifest_path)
    if manifest is not None:
        if not is_complete(path, manifest):
            return None
        if manifest.unflushed and not survived(path, manifest, manifest_path):
            return None
        if adopt:
            _note_use(manifest_path)
        return CachedModule(path, manifest)
    files = files_of_foreign(path)
    if files is None:
        return None
    if read_manifest(manifest_path) is not None:
        # Another process has installed the module since the manifest was looked for. Its manifest has more.
        return _find_in(root, handle, adopt=adopt)
    manifest = Manifest(handle, "", None, None, now(), files)
    if adopt:
        with contextlib.suppress(OSError):
            write_manifest(manifest_path, manifest)
    return CachedModule(path, manifest)


def _note_use(manifest_path: str) -> None:
    """Records the time of the last use, at most once an hour, as the modification time of the manifest."""
    with contextlib.suppress(OSError):
        if time.time() - os.stat(manifest_path).st_mtime > _USED_AGAIN_AFTER:
            os.utime(manifest_path)


def _identity(path: str) -> tuple[int, int] | None:
    """An identity of a directory, different for a later directory of the same name; None if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _rename_quietly(source: str, target: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.rename(source, target)


def _owner(path: str) -> int | None:
    """The user ID of the owner of a directory; -1 for a link or a file."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_uid if stat.S_ISDIR(status.st_mode) else -1
