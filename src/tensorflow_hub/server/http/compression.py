"""Compresses pages, JSON and texts with Brotli or gzip if the client accepts it. Archives stay as they are.

What must not be stored holds secrets or errors: it is not compressed either, so that no length tells
what is inside (the BREACH attack). So it is with all that is shown to who is signed in: a foreign
page can send a browser here, and the browser sends cookies then. Tokens it does not send by itself.
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
    "image/svg+xml",
    INDEX_MEDIA_TYPE,
}
_SMALLEST = 860  # bytes; a smaller answer fits in one packet
_LARGEST_REMEMBERED = 256 << 10
_LARGEST_AT_ONCE = 64 << 10  # bytes; larger answers are compressed in another thread


class CompressingSend:
    """A `send` that compresses an answer which comes in one piece.

    Args:
      send: where to.
      accept_encoding: what the client takes.
    """

    def __init__(self, send: Send, accept_encoding: str) -> None:
        self._send = send
        self._encoding = chosen_encoding(accept_encoding)
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Passes a message on; the start of an answer waits for its body."""
        if message["type"] == "http.response.start" and _has_encodings(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            headers = MutableHeaders(raw=list(start["headers"]))
            headers.add_vary_header("Accept-Encoding")
            body = message.get("body", b"")
            # A range is a range of the plain bytes: compressed, it would not fit its headers.
            is_whole = start["status"] != 206 and not message.get("more_body")
            if self._encoding and is_whole and len(body) >= _SMALLEST:
                message = {**message, "body": await _compressed(body, self._encoding, headers)}
            await self._send({**start, "headers": headers.raw})
        await self._send(message)


def chosen_encoding(accept_encoding: str) -> str:
    """The compression that the client prefers; "" for none.

    >>> chosen_encoding("gzip, deflate, br"), chosen_encoding("br;q=0, gzip"), chosen_encoding("")
    ('br', 'gzip', '')
    """
    wanted = {name: quality(accept_encoding, name, wildcard=False) for name in ("br", "gzip")}
    best = max(wanted, key=lambda name: wanted[name])
    return best if wanted[best] > 0 else ""


def _has_encodings(start: Message) -> bool:
    """Whether caches have to distinguish the compressed answer from the plain one.

    Also where the answer is that nothing changed, of which caches take over the headers.
    """
    headers = Headers(raw=start["headers"])
    media_type = headers.get("content-type", "").partition(";")[0]
    is_text = media_type in _TYPES or (start["status"] == 304 and not media_type)
    caching = headers.get("cache-control", "")
    return is_text and "no-store" not in caching and "content-encoding" not in headers


async def _compressed(body: bytes, encoding: str, headers: MutableHeaders) -> bytes:
    is_lasting = "immutable" in headers.get("cache-control", "")
    if len(body) > _LARGEST_AT_ONCE:
        packed = await run_in_threadpool(_remembered, bytes(body), encoding, is_lasting)
    else:
        packed = _remembered(bytes(body), encoding, is_lasting)
    headers["Content-Encoding"] = encoding
    headers["Content-Length"] = str(len(packed))
    if headers.get("etag", "").startswith('"'):
        headers["ETag"] = f"W/{headers['etag']}"  # the same content in other bytes
    return packed


def _remembered(body: bytes, encoding: str, is_lasting: bool) -> bytes:
    if len(body) > _LARGEST_REMEMBERED:
        return _compress.__wrapped__(body, encoding, is_lasting)
    return _compress(body, encoding, is_lasting)


@functools.lru_cache(maxsize=128)
def _compress(body: bytes, encoding: str, is_lasting: bool) -> bytes:
    """The compressed body: small if it is cached for ever, otherwise quickly made."""
    if encoding == "gzip":
        return gzip.compress(body, 9 if is_lasting else 5, mtime=0)
    import brotli

    packed: bytes = brotli.compress(body, quality=9 if is_lasting else 5)
    return packed
