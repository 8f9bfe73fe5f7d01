"""Reads the body of a request, with limits for its size and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from starlette.requests import ClientDisconnect, Request

from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Malformed, TooLarge


async def read_body(request: Request, largest: int | None = None) -> bytes:
    """Reads the whole body.

    Args:
      request: the request.
      largest: the largest allowed size in bytes; None for the setting `max_request`.

    Raises:
      TooLarge: the body is larger.
      Malformed: the client stopped sending, or closed the connection.
    """
    limit = largest or hub_of(request).settings.max_request
    body = bytearray()

    async def take(piece: bytes) -> None:
        body.extend(piece)
        if len(body) > limit:
            raise TooLarge(
                f"Expected a body of at most {limit} bytes, got more.", hint="Send less in one request."
            )

    await receive_body(request, take)
    return bytes(body)


async def receive_body(request: Request, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Calls `take` with each piece of the body as it arrives.

    Raises:
      Malformed: no byte arrived for the setting `stall_seconds`, or the client closed the connection.
    """
    seconds = hub_of(request).settings.stall_seconds
    # One timer, moved after each piece: a new timeout for each piece would cost more than the piece itself.
    with anyio.move_on_after(seconds) as timeout:
        try:
            async for piece in request.stream():
                await take(piece)
                timeout.deadline = anyio.current_time() + seconds
        except ClientDisconnect as error:
            raise Malformed(
                "Expected the whole body, but the connection was closed before its end.",
                hint="Send the rest, or send it again.",
            ) from error
    if timeout.cancelled_caught:
        raise Malformed(
            f"Expected the rest of the body, but no byte arrived for {seconds} s.",
            hint="Send the rest, or send it again.",
        )
