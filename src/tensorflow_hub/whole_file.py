"""Files that appear whole or not at all, whenever a program is killed and whoever reads them meanwhile."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from typing import BinaryIO

# Windows replaces no file that another program has open; manifests are read for a moment only.
_READERS_HINDER = os.name == "nt"
_ATTEMPTS, _PAUSE = 100, 0.02


@contextlib.contextmanager
def whole_file(
    path: str | os.PathLike[str], *, prefix: str = ".new-", private: bool = False, durable: bool = False
) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends without an error.

    Args:
      path: the file; its folder exists.
      prefix: how the unfinished file beside it is named.
      private: only the user may read it (mode 0600); else those whom the umask allows.
      durable: it survives a power failure right after.

    Raises:
      OSError: it cannot be written; then nothing is left behind.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(f"{folder}/a") as file:
    ...         _ = file.write(b"text")
    ...     os.listdir(folder)
    ['a']
    """
    descriptor, unfinished = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=prefix)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if not private:  # mkstemp makes all files so
            os.chmod(unfinished, 0o666 & ~_umask())
        _replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def _replace(source: str, target: str | os.PathLike[str]) -> None:
    for _ in range(_ATTEMPTS if _READERS_HINDER else 0):
        with contextlib.suppress(PermissionError):
            return os.replace(source, target)
        time.sleep(_PAUSE)
    return os.replace(source, target)


def _umask() -> int:
    # There is no call that only reads it; on Linux /proc does, without a moment in which it is wrong.
    with contextlib.suppress(OSError, ValueError), open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
