"""A directory that is filled out of sight and appears in the cache when it is complete.

    <root>/.tfhub/staging/<key>.<worker>/files   becomes <root>/<key> in one rename
    <root>/.tfhub/staging/<key>.<worker>/beat    touched each second while somebody works there

A worker is this machine's view of the cache, where a lock of its kernel says that no other process of it
is at work; whoever has no such lock is a worker of its own. So nobody writes where another does, also where
hosts share a cache and locks end at each host. Whoever finds another's beat waits for it; what was left
without one is taken over by a rename, and finished.
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
    """The staging directory is another's: this process was stopped long, or the cache removed."""


def staged_install(cache: Cache, handle: str, fill: Callable[[str], Manifest]) -> tuple[CachedModule, str]:
    """Makes a handle's module appear in the cache, once, whoever else is at it.

    Args:
      cache: where.
      handle: what; names the directory.
      fill: given the staging directory, puts the module into its folder `files` and returns the manifest.

    Returns:
      The module, and "download" when this call brought it or "cache" when another did meanwhile.

    Raises:
      CacheError: the cache cannot be written, for example because the disk is full; nothing stays behind.
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
    if held is None:  # it was there, and is gone again
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
        return found, "cache"  # another process was luckier


def _take_over(cache: Cache, handle: str, staging: str, held: Lease) -> CachedModule | None:
    """Waits while others are at it where our locks do not reach, and makes ours what one of them left.

    Returns:
      The module when one of them brought it.
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
        if not held.beats_at(beat):  # of what lies there now, we do not know who wrote what
            raise _OvertakenError
        installed = cache.install(os.path.join(staging, "files"), manifest)
    except _OvertakenError:
        raise
    except BaseException as error:
        if isinstance(error, (OSError, HubError)) and not held.beats_at(beat):
            raise _OvertakenError from error
        if isinstance(error, (DownloadError, UnreachableError, KeyboardInterrupt, SystemExit)):
            # The next one goes on where this one was interrupted.
            with contextlib.suppress(OSError):
                os.unlink(beat)
        else:
            discard(cache, staging)
        raise
    discard(cache, staging)
    return installed


def _make_with_beat(cache: Cache, staging: str) -> None:
    """Makes the directory and its beat in one step: one without a beat would be taken over."""
    fresh = cache.work_path("staging", f"new.{uuid.uuid4().hex}")
    os.mkdir(fresh)
    with open(os.path.join(fresh, _BEAT), "wb"):
        pass
    os.rename(fresh, staging)  # closed before: Windows renames no directory with an open file in it


def _stagings_of(cache: Cache, handle: str) -> Iterator[str]:
    folder = os.path.join(cache.root, ".tfhub", "staging")
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(f"{key_of(handle)}."):
                yield os.path.join(folder, name)


def _this_machine(root: str) -> str:
    """What tells this boot of this machine, and its view of the cache's file system, from every other."""
    machine = f"{boot_number() or platform.node()} {os.stat(root).st_dev}"
    return hashlib.sha256(machine.encode()).hexdigest()[:16]


def _forget_absences(root: str) -> None:
    """Makes a network file system look again for what was not there a moment ago.

    NFS remembers for up to a minute that a name was absent, until it sees the directory change by itself.
    """
    with contextlib.suppress(OSError):
        descriptor, path = tempfile.mkstemp(dir=root, prefix=".manifest-")
        os.close(descriptor)
        os.unlink(path)
