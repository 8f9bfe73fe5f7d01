"""Leases: only one process downloads a handle, and none waits for ever.

A lease is a file with a lock of the kernel and a heartbeat. The lock ends when the process that holds it
ends. For the heartbeat the holder touches the file each second. Other processes wait as long as there are
both. On a file system without locks there is only the heartbeat. A holder that is stopped or loses the
network also loses the lease, after `STALE` seconds without a heartbeat. These are measured by the clock of
the waiting process, so hosts may have different times.

The cache is right even if two processes hold a lease: a module is installed by one rename, and the first one
counts. Leases only avoid that the same bytes are downloaded twice.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator

BEAT = 1.0  # seconds between two touches of the file
STALE = 10.0  # seconds without a touch, after which the holder counts as stopped
_POLL_FIRST, _POLL_LAST = 0.005, 0.2
_MOST_STOPPED = 3  # the number of stopped holders for which the others take another file

_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EIO}
_open_leases: weakref.WeakSet[Lease] = weakref.WeakSet()


class Lease:
    """A lease that is held.

    Attributes:
      exclusive: whether certainly no other process works on the same module, not even a stopped one.
    """

    def __init__(self, path: str, descriptor: int, *, exclusive: bool) -> None:
        self.exclusive = exclusive
        self._path = path
        self._descriptor = descriptor
        self._more_files: list[str] = []
        self._token = uuid.uuid4().bytes
        self._touch()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="tfhub-lease", daemon=True)
        self._thread.start()
        _open_leases.add(self)

    def _beat(self) -> None:
        while not self._done.wait(BEAT):
            self._touch()

    def _touch(self) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._descriptor if os.utime in os.supports_fd else self._path)
        for path in self._more_files:  # by name: a directory that was taken over gets no heartbeat
            with contextlib.suppress(OSError):
                os.utime(path)

    def beat_at(self, path: str) -> None:
        """Creates another file that is touched each second while the lease is held."""
        with open(path, "wb") as file:
            file.write(self._token)
        self._more_files.append(path)

    def beats_at(self, path: str) -> bool:
        """Whether the file is still the one that `beat_at` created.

        The file is opened for this, because a network file system answers `stat` from a cache.
        """
        try:
            with open(path, "rb") as file:
                return file.read() == self._token
        except OSError:
            return False

    def now(self) -> float:
        """The time of the file system's clock, in seconds since 1970."""
        with contextlib.suppress(OSError):
            self._touch()
            return os.stat(self._path).st_mtime
        return time.time()

    def release(self) -> None:
        """Releases the lease."""
        self._done.set()
        self._thread.join()  # a late heartbeat would touch the file that gets the number of this descriptor
        if self._descriptor >= 0:
            # Unlinked while it is locked: a process that opened it before notices this and opens a new file.
            if _is_current(self._descriptor, self._path):  # else it is not our file
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = -1

    def _forget_in_child(self) -> None:
        """Closes the file in a forked child, where it would hold the lock after the parent's end."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_beating(path: str, held: Lease) -> bool:
    """Whether the file was touched within `STALE` seconds, by the clock of the file system.

    The file is opened for this, because a network file system answers `stat` from a cache.
    """
    try:
        with open(path, "rb") as file:
            last = os.fstat(file.fileno()).st_mtime
    except OSError:
        return False
    return held.now() - last <= STALE


@contextlib.contextmanager
def lease(path: str, is_done: Callable[[], bool]) -> Iterator[Lease | None]:
    """A context that waits for a lease, or until the work that it protects is done.

    Args:
      path: the file of the lease, in an existing folder.
      is_done: a function that is called while waiting: whether the work is done.

    Yields:
      The lease, or None if `is_done` returned true before.
    """
    held = _acquire(path, is_done)
    try:
        yield held
    finally:
        if held is not None:
            held.release()


def _acquire(path: str, is_done: Callable[[], bool], *, stopped: int = 0) -> Lease | None:
    """The lease at `path`; None if `is_done`. `stopped` is the number of stopped holders before."""
    pause, watch = _POLL_FIRST, _Heartbeat()
    while True:
        held, watched = _try_lock(path, exclusive=stopped == 0)
        if held is not None:
            return held
        if is_done():
            return None
        if watch.is_stale(watched):
            if watched == path:
                # The kernel says that the holder still runs, but it is stopped: wait for another lease.
                if stopped < _MOST_STOPPED:
                    return _acquire(path + "+", is_done, stopped=stopped + 1)
                # After so many, locks do not seem to work here: use a lease without a lock.
                return _try_create(f"{path}.{uuid.uuid4().hex}")[0]
            # There are no locks, and the holder has ended. One of the waiting processes moves the file away.
            _take_away(watched)
        time.sleep(pause)
        pause = min(_POLL_LAST, pause * 1.5)


class _Heartbeat:
    """Watches the modification time of a lease: if it changes within `STALE` seconds, its holder runs."""

    def __init__(self) -> None:
        self._seen: tuple[str, int] | None = None
        self._silent = 0.0
        self._looked = time.monotonic()

    def is_stale(self, path: str) -> bool:
        try:
            beat = (path, os.stat(path).st_mtime_ns)
        except OSError:
            beat = (path, -1)
        now = time.monotonic()
        # If this process was stopped (by Ctrl-Z, or the machine slept), the holder was perhaps stopped, too.
        self._silent += min(now - self._looked, BEAT)
        self._looked = now
        if beat != self._seen:
            self._seen, self._silent = beat, 0.0
        return self._silent > STALE


def _try_lock(path: str, *, exclusive: bool) -> tuple[Lease | None, str]:
    """The lease, or None if another process holds it; and the file with the heartbeat of the holder."""
    try:
        descriptor = os.open(path, _OPEN, 0o666)
    except FileNotFoundError:
        if not os.path.isdir(os.path.dirname(path)):
            raise
        return None, path  # a network file system still shows the file that the holder before unlinked
    try:
        _lock(descriptor)
    except OSError as error:
        os.close(descriptor)
        if error.errno in _NO_LOCKS:
            return _try_create(path + ".beat")
        return None, path
    if not _is_current(descriptor, path):
        os.close(descriptor)
        return None, path
    return Lease(path, descriptor, exclusive=exclusive), path


def _try_create(path: str) -> tuple[Lease | None, str]:
    """A lease without a lock of the kernel: a file that only one process can create."""
    try:
        descriptor = os.open(path, _OPEN | os.O_EXCL, 0o666)
    except FileExistsError:
        return None, path
    return Lease(path, descriptor, exclusive=False), path


def _take_away(path: str) -> None:
    aside = f"{path}.{uuid.uuid4().hex}"
    with contextlib.suppress(OSError):
        os.rename(path, aside)
        os.unlink(aside)


if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _after_fork() -> None:
        for item in list(_open_leases):
            item._forget_in_child()

    os.register_at_fork(after_in_child=_after_fork)


def _is_current(descriptor: int, path: str) -> bool:
    """Whether the locked file is still at `path`. The holder before may have unlinked it."""
    try:
        ours, there = os.fstat(descriptor), os.stat(path)
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
