"""An object of the store as an HTTP answer: ETag, conditional and Range requests, HEAD, redirects."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.store.interface import Store

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_MEMORY_PIECE = 1 << 18
_DISK_PIECE = 1 << 20
# A version never changes, but its publisher may become private, or it may be withdrawn or deleted: caches
# that many share ask again each hour, those of one reader never.
FOREVER = "public, max-age=31536000, s-maxage=3600, immutable"
FOREVER_PRIVATE = "private, max-age=31536000, immutable"


@dataclasses.dataclass(frozen=True)
class Asset:
    """What is served.

    Attributes:
      key: in the store.
      size: in bytes.
      sha256: of the bytes, in hex; the ETag.
      media_type: for `Content-Type`.
      filename: under which a browser saves it; "" to show it.
      private: only its publisher's readers may have it.
    """

    key: str
    size: int
    sha256: str
    media_type: str
    filename: str = ""
    private: bool = False


def serve_asset(request: Request, hub: Hub, asset: Asset) -> Response:
    """The answer to a GET or HEAD for an object that never changes."""
    headers = asset_headers(asset)
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return _Head({**headers, "content-length": str(asset.size)})
    if hub.settings.redirect:
        url = hub.store.presigned_url(asset.key, hub.settings.redirect_seconds)
        if url is not None:
            # May be kept for a part of the time that the signature holds.
            age = f"{'private' if asset.private else 'public'}, max-age={hub.settings.redirect_seconds // 4}"
            return RedirectResponse(url, 302, headers={**cors(), "cache-control": age, "vary": "Accept"})
    span = _range(request, asset, headers["etag"])
    if span is None:
        return _whole(request, hub.store, asset, headers)
    start, end = span
    if start >= end:
        return Response(status_code=416, headers={**cors(), "content-range": f"bytes */{asset.size}"})
    headers["content-range"] = f"bytes {start}-{end - 1}/{asset.size}"
    headers["content-length"] = str(end - start)
    return _part(hub.store, asset, span, headers)


def asset_headers(asset: Asset) -> dict[str, str]:
    """The headers that every answer about an asset has."""
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
    """Lets scripts of any site read a download, as TF.js loaders do. Tokens are no cookies: no risk."""
    return {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "ETag, Content-Length, Content-Range, Content-Disposition",
    }


def _whole(request: Request, store: Store, asset: Asset, headers: dict[str, str]) -> Response:
    headers["content-length"] = str(asset.size)
    path = store.local_path(asset.key)
    if path is None or "http.response.pathsend" not in request.scope.get("extensions", {}):
        return _part(store, asset, (0, asset.size), headers)
    if not path.is_file():
        raise _lost(asset)
    return _WholeFile(path, headers)


def _part(store: Store, asset: Asset, span: tuple[int, int], headers: dict[str, str]) -> Response:
    if store.local_path(asset.key) is not None:
        return _PartOfFile(store, asset, span, headers)
    status = 206 if "content-range" in headers else 200
    return StreamingResponse(_pieces(store, asset, *span), status, headers)


async def _pieces(store: Store, asset: Asset, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        async for piece in iterate_in_threadpool(store.read(asset.key, start, end)):
            yield piece
    except FileNotFoundError as error:
        raise _lost(asset) from error


def _range(request: Request, asset: Asset, etag: str) -> tuple[int, int] | None:
    """The first and last-plus-one byte that are asked for; None for all of them."""
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
        f"The store lost the object {asset.key!r}.", hint="Tell the administrator: `tfhub admin check`."
    )


class _Head(Response):
    """Headers of a body that is not sent: keeps the Content-Length it is given."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(status_code=200, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b""})


class _WholeFile(Response):
    """A file, sent by the server's own code outside Python (ASGI's pathsend)."""

    def __init__(self, path: Path, headers: dict[str, str]) -> None:
        super().__init__(status_code=200, headers=headers)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.pathsend", "path": str(self._path)})


class _PartOfFile(Response):
    """Bytes of a file.

    What the system has in memory is read at once and in pieces that stay in the processor's cache on
    their way out; only what has to come from the disk is read in a thread.
    """

    def __init__(self, store: Store, asset: Asset, span: tuple[int, int], headers: dict[str, str]) -> None:
        super().__init__(status_code=206 if "content-range" in headers else 200, headers=headers)
        self._path, self._asset, self._span = store.local_path(asset.key), asset, span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._path is not None
        try:
            file = open(self._path, "rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError as error:
            raise _lost(self._asset) from error
        with file:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            at, end = self._span
            while at < end:
                piece = _read_at_once(file.fileno(), at, end)
                if not piece:
                    piece = await run_in_threadpool(os.pread, file.fileno(), min(_DISK_PIECE, end - at), at)
                if not piece:
                    raise OSError(f"{self._path} ends early.")
                at += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": at < end})


def _read_at_once(descriptor: int, start: int, end: int) -> bytes | bytearray:
    """The next bytes of a file as far as they are in memory; none when they are not, or nobody can say."""
    if not hasattr(os, "RWF_NOWAIT"):
        return b""
    piece = bytearray(min(_MEMORY_PIECE, end - start))
    try:
        size = os.preadv(descriptor, [piece], start, os.RWF_NOWAIT)
    except OSError:  # not in memory; or the file system cannot say
        return b""
    return piece if size == len(piece) else piece[:size]
