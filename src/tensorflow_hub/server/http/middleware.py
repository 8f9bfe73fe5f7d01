"""Adds to each request an id, a line in the log, metrics, the rate limit and security headers."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable, Collection
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tensorflow_hub.server.core.addresses import address_of
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import TooManyRequests, json_answer
from tensorflow_hub.server.http.compression import CompressingSend, accepted_encodings

_log = logging.getLogger("tensorflow_hub.server.access")

_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
# The status in the log, as in nginx, if the client closed the connection before the answer.
_CLIENT_CLOSED = 499


class RequestMiddleware:
    """ASGI middleware around the whole application.

    Args:
      app: the application.
      hub: the hub.
      unlimited: the paths that do not count for the rate limit.
      on_error: makes the answer for an unexpected error.
    """

    def __init__(
        self,
        app: ASGIApp,
        hub: Hub,
        unlimited: Collection[str],
        on_error: Callable[[Request, Exception], Response],
    ) -> None:
        self.app = app
        self.hub = hub
        self.unlimited = unlimited
        self.on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        scope.setdefault("state", {})["number"] = secrets.token_hex(8)
        answer = _Answer(scope, send)
        try:
            await self._limited(scope, receive, answer.send)
        except Exception as error:
            # Handled here, because Starlette's outermost handler would answer without our headers and the id.
            problem = self.on_error(Request(scope), error)
            if answer.is_begun:  # too late for another answer: the server closes the connection
                raise
            await problem(scope, receive, answer.begin_anew())
        except asyncio.CancelledError:
            answer.status = answer.status or _CLIENT_CLOSED
            raise
        finally:
            self._note(scope, answer.status or 500, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = getattr(scope.get("endpoint"), "__name__", "none")
        self.hub.metrics.request(endpoint, scope["method"], status, seconds)
        if _log.isEnabledFor(logging.INFO):
            _log.info("", extra={"request": _line(scope, status, seconds)})

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.hub.settings.requests_per_minute and scope["path"] not in self.unlimited:
            try:
                await self.hub.limits.request(address_of(Request(scope)))
            except TooManyRequests as error:
                await json_answer(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class _Answer:
    """Adds the common headers to an answer, and compresses it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.status = 0
        self.is_begun = False
        self._send = send
        self._number = scope["state"]["number"].encode()
        self._accepted = accepted_encodings(Headers(scope=scope))
        self._compressing = CompressingSend(self._out, self._accepted)

    async def send(self, message: Message) -> None:
        """Sends a message of the application, with the common headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            more = ((b"x-request-id", self._number), *_SAFE_HEADERS)
            message["headers"] = [*message.get("headers", ()), *more]
        await self._compressing(message)

    def begin_anew(self) -> Send:
        """Discards the start of an answer that has not been sent yet."""
        self._compressing = CompressingSend(self._out, self._accepted)
        return self.send

    async def _out(self, message: Message) -> None:
        self.is_begun = True
        await self._send(message)


def _line(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    """Returns the fields of a request for the log, without the query, which may contain private data."""
    client = scope.get("client")
    return {
        "request": scope["state"]["number"],
        "address": client[0] if client else None,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 2),
    }


class LogFormat(logging.Formatter):
    """Formats the log, one line for each event.

    Control characters are escaped, so no request can forge a line.
    """

    def __init__(self, form: str) -> None:
        super().__init__()
        self.json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line of an event."""
        event: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
        }
        if message := record.getMessage():
            event["message"] = message
        event.update(getattr(record, "request", {}))
        if record.exc_info:
            event["error"] = self.formatException(record.exc_info)
        if self.json:
            return json.dumps(event, ensure_ascii=True, default=str)
        return " ".join(_text(name, value) for name, value in event.items())


def _text(name: str, value: object) -> str:
    if name == "error":
        return f"\n{value}"
    text = str(value)
    plain = text.isprintable() and " " not in text
    return f"{name}={text if plain else json.dumps(text)}" if name not in {"at", "level"} else text
