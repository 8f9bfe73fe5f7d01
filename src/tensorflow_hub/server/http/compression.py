"""Compresses pages, JSON and texts with Brotli or gzip if the client accepts it; archives are not compressed.

Answers with `Cache-Control: no-store` are not compressed, because they may contain secrets, and an attacker
could guess a secret from the length of the compressed answer (the BREACH attack). All pages for signed-in
users are such answers: another site can make a browser send requests with the user's cookies. The same is
true for a password that the browser keeps (HTTP Basic), which it has if the user opened a private feed. It
cannot make a browser send other tokens, so answers to requests with tokens are safe.
"""

from __future__ import annotations

import functools
import gzip

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Send

from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE
from tensorflow_hub.server.core.negotiation import quality

_TYPES = {
    "text/html",
    "text/css",
    "text/javascript",
    "text/plain",
    "application/json",
    "application/xml",
    "image/svg+xml",
    INDEX_MEDIA_TYPE,
}
_SMALLEST = 860  # bytes; a smaller answer fits in one packet
_LARGEST_CACHED = 256 << 10  # bytes; larger answers are compressed each time
_LARGEST_AT_ONCE = 64 << 10  # bytes; larger answers are compressed in another thread


class CompressingSend:
    """Wraps an ASGI `send`, and compresses answers that consist of one message.

    Args:
      send: the wrapped `send`.
      accept_encoding: the client's `Accept-Encoding` header.
    """

    def __init__(self, send: Send, accept_encoding: str) -> None:
        self._send = send
        self._encoding = chosen_encoding(accept_encoding)
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Sends a message. The start of an answer is sent with its body, which decides the headers."""
        if message["type"] == "http.response.start" and _has_encodings(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            headers = MutableHeaders(raw=list(start["headers"]))
            headers.add_vary_header("Accept-Encoding")
            body = message.get("body", b"")
            # A range counts plain bytes, so a compressed range would not match its Content-Range header.
            is_whole = start["status"] != 206 and not message.get("more_body")
            if self._encoding and is_whole and len(body) >= _SMALLEST:
                message = {**message, "body": await _compressed(body, self._encoding, headers)}
            await self._send({**start, "headers": headers.raw})
        await self._send(message)


def accepted_encodings(headers: Headers) -> str:
    """Returns the client's `Accept-Encoding`; "" for a request with a password that a browser may keep."""
    is_basic = headers.get("authorization", "").lower().startswith("basic ")
    return "" if is_basic else headers.get("accept-encoding", "")


def chosen_encoding(accept_encoding: str) -> str:
    """Returns the compression that the client prefers; "" for none.

    >>> chosen_encoding("gzip, deflate, br"), chosen_encoding("br;q=0, gzip"), chosen_encoding("")
    ('br', 'gzip', '')
    """
    wanted = {name: quality(accept_encoding, name, wildcard=False) for name in ("br", "gzip")}
    best = max(wanted, key=lambda name: wanted[name])
    return best if wanted[best] > 0 else ""


def _has_encodings(start: Message) -> bool:
    """Whether caches have to distinguish the compressed answer from the plain one.

    This includes answers with status 304, because caches take over their headers.
    """
    headers = Headers(raw=start["headers"])
    media_type = headers.get("content-type", "").partition(";")[0]
    is_text = media_type in _TYPES or (start["status"] == 304 and not media_type)
    caching = headers.get("cache-control", "")
    return is_text and "no-store" not in caching and "content-encoding" not in headers


async def _compressed(body: bytes, encoding: str, headers: MutableHeaders) -> bytes:
    is_lasting = "immutable" in headers.get("cache-control", "")
    if len(body) > _LARGEST_AT_ONCE:
        packed = await run_in_threadpool(_compress, bytes(body), encoding, is_lasting)
    else:
        packed = _compress(bytes(body), encoding, is_lasting)
    headers["Content-Encoding"] = encoding
    headers["Content-Length"] = str(len(packed))
    if headers.get("etag", "").startswith('"'):
        headers["ETag"] = f"W/{headers['etag']}"  # the same content in other bytes
    return packed


def _compress(body: bytes, encoding: str, is_lasting: bool) -> bytes:
    if len(body) > _LARGEST_CACHED:
        return _cached_compress.__wrapped__(body, encoding, is_lasting)
    return _cached_compress(body, encoding, is_lasting)


@functools.lru_cache(maxsize=128)
def _cached_compress(body: bytes, encoding: str, is_lasting: bool) -> bytes:
    """Compresses a body: slow and small if clients cache it without limit, otherwise fast."""
    if encoding == "gzip":
        return gzip.compress(body, 9 if is_lasting else 5, mtime=0)
    import brotli

    packed: bytes = brotli.compress(body, quality=9 if is_lasting else 5)
    return packed
