"""One downloader for a handle at a time, and never a hang.

A lease is a lock of the kernel on a file, which ends with the process that holds it, however that ends,
plus a heartbeat: the holder touches the file each second. Who waits looks at both. Where the file system
has no locks, the heartbeat alone is the lease. A holder that is stopped or cut off loses it after
`STALE` seconds without a beat, by the waiter's own clock: hosts need not agree on the time.

Nothing that is handed out depends on a lease being exclusive: each install is one rename, and the first wins.
Leases only keep the same bytes from being downloaded twice.
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

BEAT = 1.0
STALE = 10.0
_POLL_FIRST, _POLL_LAST = 0.005, 0.2
_MOST_STOPPED = 3

_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EIO}
_open_leases: weakref.WeakSet[Lease] = weakref.WeakSet()


class Lease:
    """A lease that is held.

    Attributes:
      exclusive: no other process works on the same thing, not even one that is stopped for now.
    """

    def __init__(self, path: str, descriptor: int, *, exclusive: bool) -> None:
        self.exclusive = exclusive
        self._path = path
        self._descriptor = descriptor
        self._also: list[str] = []
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
        for path in self._also:  # by name: a directory that was taken over must not seem alive
            with contextlib.suppress(OSError):
                os.utime(path)

    def beat_at(self, path: str) -> None:
        """Makes a file that is touched each second as well, while the lease is held."""
        with open(path, "wb") as file:
            file.write(self._token)
        self._also.append(path)

    def beats_at(self, path: str) -> bool:
        """Whether the file is still the one that `beat_at` made.

        Opened, because a network file system answers a look from memory.
        """
        try:
            with open(path, "rb") as file:
                return file.read() == self._token
        except OSError:
            return False

    def now(self) -> float:
        """The time by the clock of the file system, seconds since 1970."""
        with contextlib.suppress(OSError):
            self._touch()
            return os.stat(self._path).st_mtime
        return time.time()

    def release(self) -> None:
        """Gives the lease to the next one."""
        self._done.set()
        if self._descriptor >= 0:
            # Unlinked while locked: who opened it before sees that it is gone and opens a new one.
            if _is_current(self._descriptor, self._path):  # else somebody removed ours, and this is another's
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = -1

    def _forget_in_child(self) -> None:
        """In a forked child: closes the copy, which would keep the lock alive after the parent's death."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_beating(path: str, held: Lease) -> bool:
    """Whether the file was touched within `STALE` seconds, by the clock of the file system.

    Opened, not only looked at: a network file system then asks its server, not its memory.
    """
    try:
        with open(path, "rb") as file:
            last = os.fstat(file.fileno()).st_mtime
    except OSError:
        return False
    return held.now() - last <= STALE


@contextlib.contextmanager
def lease(path: str, is_done: Callable[[], bool]) -> Iterator[Lease | None]:
    """Waits for the lease at `path`, or until what it protects is done.

    Args:
      path: the file of the lease; its folder exists.
      is_done: asked while waiting.

    Yields:
      The lease, or None when `is_done` came true first.
    """
    held = _acquire(path, is_done)
    try:
        yield held
    finally:
        if held is not None:
            held.release()


def _acquire(path: str, is_done: Callable[[], bool], *, stopped: int = 0) -> Lease | None:
    """The lease at `path`, or None when `is_done`; `stopped` holders were given up before."""
    pause, watch = _POLL_FIRST, _Heartbeat()
    while True:
        held, watched = _try_lock(path, exclusive=stopped == 0)
        if held is not None:
            return held
        if is_done():
            return None
        if watch.is_stale(watched):
            if watched == path:
                # The kernel says that the holder lives, but it is stopped: queue for another lease.
                if stopped < _MOST_STOPPED:
                    return _acquire(path + "+", is_done, stopped=stopped + 1)
                # So many? Then locks do not work here, and one without a lock has to do.
                return _try_create(f"{path}.{uuid.uuid4().hex}")[0]
            # No locks, and the holder is gone. One of those who wait succeeds in moving the file away.
            _take_away(watched)
        time.sleep(pause)
        pause = min(_POLL_LAST, pause * 1.5)


class _Heartbeat:
    """Watches the mtime of a lease: changes within `STALE` seconds mean that its holder lives."""

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
        # When we were stopped ourselves, by Ctrl-Z or as a machine that sleeps, so was the holder perhaps.
        self._silent += min(now - self._looked, BEAT)
        self._looked = now
        if beat != self._seen:
            self._seen, self._silent = beat, 0.0
        return self._silent > STALE


def _try_lock(path: str, *, exclusive: bool) -> tuple[Lease | None, str]:
    """The lease when it is free, else None; and the file whose heartbeat tells whether its holder lives."""
    try:
        descriptor = os.open(path, _OPEN, 0o666)
    except FileNotFoundError:
        if not os.path.isdir(os.path.dirname(path)):
            raise
        return None, path  # a network file system remembers the file that its former holder unlinked
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
    """A lease without a lock of the kernel: a file that nobody else made."""
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
    """Whether the locked file is still the one at `path`: its former holder may have unlinked it."""
    try:
        ours, there = os.fstat(descriptor), os.stat(path)
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
