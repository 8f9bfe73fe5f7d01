"""Reads a part of a file in pieces for an answer, without a change of threads for what is in memory."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.concurrency import run_in_threadpool

# Small enough to stay in the processor's cache between the file and the socket.
_MEMORY_PIECE = 1 << 18
# Large enough to be worth the change of threads.
_DISK_PIECE = 1 << 20


async def read_pieces(path: Path, start: int, end: int) -> AsyncGenerator[bytes]:
    """Yields the bytes of a file from `start` up to, but not including, `end`.

    Pieces that the system has in memory are read at once; others are read from the disk in a thread. The file
    is not mapped into memory, because then the server process would be killed if the file became shorter.

    Raises:
      FileNotFoundError: the file does not exist.
      OSError: the file ends before `end`, or cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        descriptor = file.fileno()
        while start < end:
            size = min(_MEMORY_PIECE, end - start)
            if _is_in_memory(descriptor, start, size):
                piece = os.pread(descriptor, size, start)
            else:
                size = min(_DISK_PIECE, end - start)
                piece = await run_in_threadpool(os.pread, descriptor, size, start)
            if not piece:
                raise OSError(f"Expected the file {str(path)!r} to have {end} bytes, but it ends at {start}.")
            start += len(piece)
            yield piece


def _is_in_memory(descriptor: int, start: int, size: int) -> bool:
    """Whether the system has the first and the last byte of a piece in memory.

    Then it nearly always has all of it. To ask for each page would take a copy of the piece.
    """
    if not hasattr(os, "RWF_NOWAIT"):  # only Linux can say what is in memory
        return False
    try:
        return all(
            os.preadv(descriptor, [bytearray(1)], at, os.RWF_NOWAIT) == 1 for at in (start, start + size - 1)
        )
    except OSError:  # not in memory, or the file system cannot say it
        return False
