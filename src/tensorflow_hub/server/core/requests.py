"""Reads the body of a request, with limits of size and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from starlette.requests import ClientDisconnect, Request

from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Malformed, TooLarge


async def read_body(request: Request, largest: int | None = None) -> bytes:
    """The whole body.

    Raises:
      TooLarge: it has more than `largest` bytes; by default, than the setting `max_request`.
      Malformed: it came too slowly.
    """
    limit = largest or hub_of(request).settings.max_request
    body = bytearray()

    async def take(piece: bytes) -> None:
        body.extend(piece)
        if len(body) > limit:
            raise TooLarge(f"Expected a body of at most {limit} bytes.", hint="Send less at once.")

    await receive_body(request, take)
    return bytes(body)


async def receive_body(request: Request, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Hands the body to `take` as it comes; a client that stalls is cut off.

    Raises:
      Malformed: nothing came for as long as the setting `stall_seconds`, or the client went away.
    """
    seconds = hub_of(request).settings.stall_seconds
    # One timer, moved with each piece: a new timeout for each piece would cost more than the piece.
    with anyio.move_on_after(seconds) as patience:
        try:
            async for piece in request.stream():
                await take(piece)
                patience.deadline = anyio.current_time() + seconds
        except ClientDisconnect as error:
            raise Malformed("The body ended early.", hint="Send the rest, or send it again.") from error
    if patience.cancelled_caught:
        raise Malformed(f"Nothing came for {seconds} s.", hint="Send the rest, or send it again.")
