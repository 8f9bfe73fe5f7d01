"""Uploading a file to a hub in parts, and resuming an interrupted upload."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorflow_hub.api.headers import UPLOAD_OFFSET
from tensorflow_hub.client.calls import call
from tensorflow_hub.errors import ConflictError, DownloadError, LimitError, UnreachableError
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.settings import Settings

# The bytes of one request. Reverse proxies accept this size, and it is small enough to send again.
PART = 64 << 20
# The longest time without progress before the upload fails.
_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 1.0
# Temporary errors: the hub restarts, a connection breaks, or the hub still writes another part.
_PASSING = (UnreachableError, DownloadError, ConflictError, LimitError)


def send_file(
    session: HubSession,
    settings: Settings,
    path: str,
    upload: str,
    *,
    received: int,
    on_progress: Callable[[int], None],
) -> None:
    """Sends those bytes of a file that the hub does not have yet.

    Args:
      session: the session to use.
      settings: the hub and the token.
      path: the path of the file.
      upload: the id of the upload.
      received: the number of bytes that the hub has.
      on_progress: called with the number of bytes sent so far.

    Raises:
      UnreachableError: the hub did not answer for 90 seconds.
      RequestError: the hub refuses the upload.
    """
    size, patience_ends = Path(path).stat().st_size, time.monotonic() + _PATIENCE_SECONDS
    with open(path, "rb") as file:
        while received < size:
            on_progress(received)
            try:
                received = _send(session, settings, upload, _Part(file, received, size, on_progress))
                patience_ends = time.monotonic() + _PATIENCE_SECONDS
            except _PASSING:
                if time.monotonic() > patience_ends:
                    raise
                before, received = received, _ask(session, settings, upload, received)
                if received > before:
                    patience_ends = time.monotonic() + _PATIENCE_SECONDS
                else:
                    time.sleep(_PAUSE_SECONDS)
    on_progress(size)


def _send(session: HubSession, settings: Settings, upload: str, part: _Part) -> int:
    """Sends a part, and returns the number of bytes that the hub has then."""
    headers = {
        UPLOAD_OFFSET: str(part.offset),
        "Content-Type": "application/octet-stream",
        "Content-Length": str(part.length),
    }
    call(
        settings,
        "PATCH",
        f"/api/v1/uploads/{upload}",
        what="the upload",
        session=session,
        headers=headers,
        data=part,
        idempotent=False,
    )
    return part.offset + part.length


def _ask(session: HubSession, settings: Settings, upload: str, otherwise: int) -> int:
    """The number of bytes that the hub has; `otherwise` if it does not answer."""
    try:
        answer = call(settings, "GET", f"/api/v1/uploads/{upload}", what="the upload", session=session)
    except (UnreachableError, LimitError):
        return otherwise
    return int(answer["received"])


class _Part:
    """A part of a file as a request's body."""

    def __init__(self, file: Any, offset: int, size: int, on_progress: Callable[[int], None]) -> None:
        length = min(PART, size - offset)
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
