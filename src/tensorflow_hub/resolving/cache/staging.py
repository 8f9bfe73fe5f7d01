"""Staging directories: a module is written there, and moved into the cache when it is complete.

    <root>/.tfhub/staging/<key>.<worker>/files   becomes <root>/<key> by one rename
    <root>/.tfhub/staging/<key>.<worker>/beat    touched each second while a process writes there

Each worker has its own staging directory. If locks of the kernel work, all processes of a machine are one
worker, because the lock makes sure that only one of them writes. Otherwise each process is a worker. So no
two processes write to the same directory, also if several hosts share a cache and locks are not seen by other
hosts. A process that finds the heartbeat of another worker waits. A directory without a heartbeat is taken
over by a rename, and the download is continued.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator

from tensorflow_hub.errors import DownloadError, HubError, UnreachableError
from tensorflow_hub.resolving.cache.durability import boot_number
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, cache_error, discard, key_of
from tensorflow_hub.resolving.cache.lease import Lease, is_beating, lease
from tensorflow_hub.resolving.cache.manifest import Manifest

_POLL = 0.2
_BEAT = "beat"
_VANISHED = {errno.ENOENT, errno.ESTALE}


class _OvertakenError(Exception):
    """Another process took over the staging directory: this one was stopped, or the cache was removed."""


def staged_install(cache: Cache, handle: str, fill: Callable[[str], Manifest]) -> tuple[CachedModule, str]:
    """Adds a module to the cache, once, also if other processes do the same.

    Args:
      cache: the cache.
      handle: the handle of the module, which gives the directory its name.
      fill: a function that takes the staging directory, writes the module into its folder `files`, and
        returns
        the manifest.

    Returns:
      The module, and "download" if this call added it, or "cache" if another process did.

    Raises:
      CacheError: the cache cannot be written, for example because the disk is full. No files are left.
    """
    try:
        while True:
            lock = cache.work_path("locks", f"{key_of(handle)}.lock")
            with (
                contextlib.suppress(_OvertakenError),
                lease(lock, lambda: cache.find(handle) is not None) as held,
            ):
                found, origin = _find_or_fill(cache, handle, fill, held)
                break
        return found, origin
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise cache_error(error, cache.root) from error


def _find_or_fill(
    cache: Cache, handle: str, fill: Callable[[str], Manifest], held: Lease | None
) -> tuple[CachedModule, str]:
    found = cache.find(handle)
    if found is not None:
        return found, "cache"
    if held is None:  # it was there, and was removed again
        raise _OvertakenError
    worker = _this_machine(cache.root) if held.exclusive else uuid.uuid4().hex
    staging = cache.work_path("staging", f"{key_of(handle)}.{worker}")
    found = _take_over(cache, handle, staging, held)
    if found is not None:
        return found, "cache"
    try:
        return _fill_and_install(cache, staging, fill, held), "download"
    except HubError:
        found = cache.find(handle)
        if found is None:
            raise
        return found, "cache"  # another process installed it first


def _take_over(cache: Cache, handle: str, staging: str, held: Lease) -> CachedModule | None:
    """Waits while workers on other hosts download the module; takes over the directory if one has ended.

    Returns:
      The module if one of them installed it; else None.
    """
    while True:
        _forget_absences(cache.root)
        found = cache.find(handle)
        if found is not None:
            return found
        others = [path for path in _stagings_of(cache, handle) if path != staging]
        if not any(is_beating(os.path.join(path, _BEAT), held) for path in others):
            break
        time.sleep(_POLL)
    for path in others:
        with contextlib.suppress(OSError):
            if os.path.isdir(staging):
                discard(cache, path)
            else:
                os.rename(path, staging)
    return None


def _fill_and_install(
    cache: Cache, staging: str, fill: Callable[[str], Manifest], held: Lease
) -> CachedModule:
    beat = os.path.join(staging, _BEAT)
    try:
        if not os.path.isdir(staging):
            _make_with_beat(cache, staging)
        held.beat_at(beat)
    except OSError as error:
        if error.errno in _VANISHED:
            raise _OvertakenError from error
        discard(cache, staging)
        raise
    try:
        manifest = fill(staging)
        if not held.beats_at(beat):  # other processes may have written to the files
            raise _OvertakenError
        installed = cache.install(os.path.join(staging, "files"), manifest)
    except _OvertakenError:
        raise
    except BaseException as error:
        if isinstance(error, (OSError, HubError)) and not held.beats_at(beat):
            raise _OvertakenError from error
        if isinstance(error, (DownloadError, UnreachableError, KeyboardInterrupt, SystemExit)):
            # The next process continues the download.
            with contextlib.suppress(OSError):
                os.unlink(beat)
        else:
            discard(cache, staging)
        raise
    discard(cache, staging)
    return installed


def _make_with_beat(cache: Cache, staging: str) -> None:
    """Creates the directory with its heartbeat in one step: without one it would be taken over."""
    fresh = cache.work_path("staging", f"new.{uuid.uuid4().hex}")
    os.mkdir(fresh)
    with open(os.path.join(fresh, _BEAT), "wb"):
        pass
    os.rename(fresh, staging)  # with its file closed, as Windows requires


def _stagings_of(cache: Cache, handle: str) -> Iterator[str]:
    folder = os.path.join(cache.root, ".tfhub", "staging")
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(f"{key_of(handle)}."):
                yield os.path.join(folder, name)


def _this_machine(root: str) -> str:
    """An identity of this machine, its current boot, and its mount of the cache's file system."""
    machine = f"{boot_number() or platform.node()} {os.stat(root).st_dev}"
    return hashlib.sha256(machine.encode()).hexdigest()[:16]


def _forget_absences(root: str) -> None:
    """Makes a network file system look again for files that did not exist before.

    NFS remembers for up to a minute that a file does not exist, unless this host changes the directory.
    """
    with contextlib.suppress(OSError):
        descriptor, path = tempfile.mkstemp(dir=root, prefix=".manifest-")
        os.close(descriptor)
        os.unlink(path)
