"""Reads a part of a file in pieces for an answer, without a change of threads for what is in memory."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.concurrency import run_in_threadpool

# A piece is copied three times on its way to the socket. At this size it stays in the processor's cache.
_MEMORY_PIECE = 1 << 18
# A larger piece is worth the change of threads.
_DISK_PIECE = 1 << 20


async def read_pieces(path: Path, start: int, end: int) -> AsyncGenerator[bytes]:
    """Yields the bytes of a file from `start` up to, but not including, `end`.

    Pieces that the system has in memory are read at once; others are read from the disk in a thread. The file
    is not mapped into memory, because then the server process would be killed if the file became shorter.

    Raises:
      FileNotFoundError: the file does not exist.
      OSError: the file ends before `end`, or cannot be read.
    """
    buffer = bytearray(min(_MEMORY_PIECE, end - start))
    with open(path, "rb", buffering=0) as file:
        descriptor = file.fileno()
        while start < end:
            size = min(_DISK_PIECE, end - start)
            piece = _read_at_once(descriptor, memoryview(buffer)[:size], start)
            if not piece:
                piece = await run_in_threadpool(os.pread, descriptor, size, start)
            if not piece:
                raise OSError(f"Expected the file {str(path)!r} to have {end} bytes, but it ends at {start}.")
            start += len(piece)
            yield piece


def _read_at_once(descriptor: int, buffer: memoryview, start: int) -> bytes:
    """Returns the bytes at `start` that are in memory, at most a full buffer; b"" for none."""
    if not hasattr(os, "RWF_NOWAIT"):  # only Linux can say what is in memory
        return b""
    try:
        size = os.preadv(descriptor, [buffer], start, os.RWF_NOWAIT)
    except OSError:  # not in memory, or the file system cannot say it
        return b""
    return bytes(buffer[:size])
