"""Writes the body of a request to the store. The next bytes are received while the last ones are written."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.catalogue.uploads import advance_upload
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import TooLarge, WrongOffset
from tensorflow_hub.server.core.requests import receive_body

# How many bytes are collected for one write: a request to an S3 store, or a system call for a disk.
_PIECE = 8 << 20


async def receive_part(request: Request, hub: Hub, upload: Upload) -> int:
    """Appends the body to the upload, and returns how many bytes of the upload are in the store.

    If the connection breaks, the bytes that arrived before are kept.

    Raises:
      TooLarge: more bytes arrive than the upload was announced with.
      Malformed: the body stalls or breaks off.
      WrongOffset: another request continued the upload meanwhile.
    """
    writer = _Writer(hub, upload)
    try:
        await receive_body(request, writer.take)
    finally:
        # Also if the request is cancelled, so that the received bytes are not lost.
        await asyncio.shield(writer.finish())
    return writer.written


class _Writer:
    """Collects chunks and writes them in another thread, one write at a time."""

    def __init__(self, hub: Hub, upload: Upload) -> None:
        self._hub = hub
        self._upload = upload
        self._buffer = bytearray()
        self._pending: asyncio.Future[None] | None = None
        self._taken = upload.received
        self.written = upload.received

    async def take(self, piece: bytes) -> None:
        """Receives the next bytes.

        Raises:
          TooLarge: more bytes arrive than the upload was announced with.
        """
        self._taken += len(piece)
        if self._taken > self._upload.size:
            raise TooLarge(
                f"The upload was announced with {self._upload.size} bytes, but more arrived.",
                hint="Start a new upload with the right size.",
            )
        self._buffer += piece
        if len(self._buffer) >= _PIECE:
            await self._write()

    async def finish(self) -> None:
        """Writes the rest, and records how many bytes of the upload have arrived."""
        try:
            await self._write()
            await self._wait()
        finally:
            if self.written > self._upload.received:
                await run_in_threadpool(self._advance)

    async def _write(self) -> None:
        await self._wait()
        if not self._buffer:
            return
        data, self._buffer = self._buffer, bytearray()
        self._pending = asyncio.ensure_future(run_in_threadpool(self._append, data))

    async def _wait(self) -> None:
        if self._pending is not None:
            pending, self._pending = self._pending, None
            await pending

    def _append(self, data: bytearray) -> None:
        self._hub.store.append(self._upload.id, self.written, data)
        self.written += len(data)

    def _advance(self) -> None:
        with self._hub.database.writing() as connection:
            if not advance_upload(connection, self._upload, self._upload.received, self.written):
                raise WrongOffset(self._upload.received, self.written)
        self._hub.metrics.count("uploaded_bytes", self.written - self._upload.received)
