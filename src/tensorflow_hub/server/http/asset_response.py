"""An object of the store as an HTTP answer: ETag, conditional and Range requests, HEAD, redirects."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.http.file_pieces import read_pieces
from tensorflow_hub.server.store.interface import Store

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# A range of at most so many bytes is read at once and not streamed, because streaming changes threads, which
# takes longer.
_AT_ONCE = 1 << 18
# A version never changes, but its publisher may become private, or it may be withdrawn or deleted. So shared
# caches ask again each hour. The cache of one reader never asks again.
FOREVER = "public, max-age=31536000, s-maxage=3600, immutable"
FOREVER_PRIVATE = "private, max-age=31536000, immutable"


@dataclasses.dataclass(frozen=True)
class Asset:
    """An object of the store that is sent to clients.

    Attributes:
      key: its key in the store.
      size: in bytes.
      sha256: SHA-256 of the bytes, in hex; also used as ETag.
      media_type: the value of `Content-Type`.
      filename: the name under which a browser saves it; "" to show it in the browser.
      private: whether only readers of its publisher may get it.
    """

    key: str
    size: int
    sha256: str
    media_type: str
    filename: str = ""
    private: bool = False


def serve_asset(request: Request, hub: Hub, asset: Asset) -> Response:
    """Returns the answer to a GET or HEAD request for an object that never changes."""
    headers = asset_headers(asset)
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers={**headers, "content-length": str(asset.size)})
    if hub.settings.redirect:
        url = hub.store.presigned_url(asset.key, hub.settings.redirect_seconds)
        if url is not None:
            # A cached redirect must not outlive the presigned URL.
            age = f"{'private' if asset.private else 'public'}, max-age={hub.settings.redirect_seconds // 4}"
            return RedirectResponse(url, 302, headers={**cors(), "cache-control": age, "vary": "Accept"})
    span = _range(request, asset, headers["etag"])
    start, end = span or (0, asset.size)
    if span is not None and start >= end:
        return Response(status_code=416, headers={**cors(), "content-range": f"bytes */{asset.size}"})
    path = hub.store.local_path(asset.key)
    status = None if path is None else _status(path, asset)
    if path is not None and span is None:
        return _WholeFile(path, headers=headers, media_type=headers["content-type"], stat_result=status)
    headers["content-length"] = str(end - start)
    if span is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{asset.size}"
    if span is not None and end - start <= _AT_ONCE:
        return Response(_bytes(hub.store, asset, start, end), 206, headers)
    pieces = _pieces(hub.store, asset, start, end) if path is None else read_pieces(path, start, end)
    return _Stream(pieces, 206 if span else 200, headers)


def asks_for_part(request: Request, asset: Asset) -> bool:
    """Whether a request asks for a valid range of an asset."""
    return _range(request, asset, asset_headers(asset)["etag"]) is not None


def asset_headers(asset: Asset) -> dict[str, str]:
    """Returns the headers of every answer about an asset."""
    headers = {
        "etag": f'"{asset.sha256}"',
        "content-type": asset.media_type,
        "cache-control": FOREVER_PRIVATE if asset.private else FOREVER,
        "accept-ranges": "bytes",
        "vary": "Accept",
        **cors(),
    }
    if asset.filename:
        headers["content-disposition"] = f'attachment; filename="{asset.filename}"'
    return headers


def cors() -> dict[str, str]:
    """Returns headers that let scripts of any site read a download, as TF.js loaders do.

    This is safe: with "*", browsers give scripts no answers to requests with cookies, and they add no tokens.
    """
    return {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "ETag, Content-Length, Content-Range, Content-Disposition",
    }


def _status(path: Path, asset: Asset) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        raise _lost(asset) from error


def _bytes(store: Store, asset: Asset, start: int, end: int) -> bytes:
    try:
        return b"".join(store.read(asset.key, start, end))
    except FileNotFoundError as error:
        raise _lost(asset) from error


async def _pieces(store: Store, asset: Asset, start: int, end: int) -> AsyncGenerator[bytes]:
    try:
        async for piece in iterate_in_threadpool(store.read(asset.key, start, end)):
            yield piece
    except FileNotFoundError as error:
        raise _lost(asset) from error


def _range(request: Request, asset: Asset, etag: str) -> tuple[int, int] | None:
    """Returns the offsets of the first requested byte and after the last one; None for all bytes."""
    match = _RANGE.fullmatch(request.headers.get("range", "").strip().replace(" ", ""))
    if_range = request.headers.get("if-range")
    if match is None or (if_range is not None and if_range != etag):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        return max(0, asset.size - int(last)), asset.size
    end = min(asset.size, int(last) + 1) if last else asset.size
    if last and int(last) < int(first):
        return None
    return int(first), end


def matches(header: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names an ETag, by weak comparison."""
    if header is None:
        return False
    return header.strip() == "*" or etag in {part.strip().removeprefix("W/") for part in header.split(",")}


def _lost(asset: Asset) -> Unavailable:
    return Unavailable(
        f"The object {asset.key!r} is missing in the store.",
        hint="Ask the administrator to run `tfhub admin check`.",
    )


class _Stream(StreamingResponse):
    """Sends the pieces of an async generator, and closes it at once when the client is gone.

    Otherwise Python closes it, and with it the file, at some later garbage collection.
    """

    async def stream_response(self, send: Send) -> None:
        pieces = self.body_iterator
        assert isinstance(pieces, AsyncGenerator)
        async with contextlib.aclosing(pieces):
            await super().stream_response(send)


class _WholeFile(FileResponse):
    """Sends a whole file; a server with the ASGI path-send extension reads the file itself.

    A `Range` that `_range` does not accept is ignored, as RFC 9110 requires. Starlette would answer an error.
    """

    chunk_size = 1 << 20  # large, because each chunk is read in another thread, which costs time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [item for item in scope["headers"] if item[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)
