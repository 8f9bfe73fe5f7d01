"""Sends a file to a hub in parts, and goes on where a break left off."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorflow_hub.client.calls import call
from tensorflow_hub.errors import ConflictError, DownloadError, LimitError, UnreachableError
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.settings import Settings

# Bytes of one request: below what reverse proxies take, and little to send again.
PART = 64 << 20
# Breaks in a row without a byte of progress.
_MOST_BREAKS = 8


def send_file(
    session: HubSession,
    settings: Settings,
    path: str,
    upload: str,
    *,
    received: int,
    on_progress: Callable[[int], None],
) -> None:
    """Sends what the hub does not have yet of a file.

    Args:
      session: to be used.
      settings: which hub.
      path: the file.
      upload: the upload's number.
      received: the bytes that the hub has.
      on_progress: called with the bytes that are sent so far.

    Raises:
      UnreachableError: the hub stays away, after some patience.
      RequestError: the hub refuses.
    """
    size, breaks = Path(path).stat().st_size, 0
    with open(path, "rb") as file:
        while received < size:
            on_progress(received)
            part = _Part(file, received, min(PART, size - received), on_progress)
            try:
                _send(session, settings, upload, part)
                received, breaks = received + part.length, 0
            except (UnreachableError, DownloadError, ConflictError, LimitError):
                before, received = received, _ask(session, settings, upload)
                breaks = 0 if received > before else breaks + 1
                if breaks > _MOST_BREAKS:
                    raise
                time.sleep(min(10.0, 0.2 * 2**breaks) if breaks else 0.0)
    on_progress(size)


def _send(session: HubSession, settings: Settings, upload: str, part: _Part) -> None:
    headers = {
        "Upload-Offset": str(part.offset),
        "Content-Type": "application/octet-stream",
        "Content-Length": str(part.length),
    }
    path = f"/api/v1/uploads/{upload}"
    call(
        settings,
        "PATCH",
        path,
        what="the upload",
        session=session,
        headers=headers,
        data=part,
        idempotent=False,
    )


def _ask(session: HubSession, settings: Settings, upload: str) -> int:
    """How much the hub has; waits for a hub that is away for a moment."""
    answer = call(settings, "GET", f"/api/v1/uploads/{upload}", what="the upload", session=session)
    return int(answer["received"])


class _Part:
    """A part of a file as a request's body."""

    def __init__(self, file: Any, offset: int, length: int, on_progress: Callable[[int], None]) -> None:
        self.offset = offset
        self.length = length
        self._file = file
        self._left = length
        self._on_progress = on_progress
        file.seek(offset)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> _Part:
        return self

    def __next__(self) -> bytes:
        data: bytes = self._file.read(min(1 << 20, self._left))
        if not data:
            raise StopIteration
        self._left -= len(data)
        self._on_progress(self.offset + self.length - self._left)
        return data
