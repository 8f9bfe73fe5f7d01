"""Reads what a request carries: JSON of a bounded size, in a bounded time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Malformed, TooLarge

T = TypeVar("T")


async def read_json(request: Request) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
      TooLarge: it is larger than the setting `max_request`.
      Malformed: it is no JSON object, or came too slowly.
    """
    limit = hub_of(request).settings.max_request
    body = bytearray()

    async def take(piece: bytes) -> None:
        body.extend(piece)
        if len(body) > limit:
            raise TooLarge(f"Expected a body of at most {limit} bytes.", hint="Send less at once.")

    await receive_body(request, take)
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Malformed("Expected a body of JSON.", hint=f"It does not parse: {str(error)[:100]}.") from error
    if not isinstance(value, dict):
        raise Malformed(
            f"Expected a JSON object as body, got a {type(value).__name__}.", hint="See /api/v1/openapi.json."
        )
    return value


async def receive_body(request: Request, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Hands the body to `take` as it comes; a client that stalls is cut off.

    Raises:
      Malformed: nothing came for as long as the setting `stall_seconds`, or the client went away.
    """
    seconds = hub_of(request).settings.stall_seconds
    # One timer that is put off with each piece: a timeout for each piece costs more than the piece.
    with anyio.move_on_after(seconds) as patience:
        try:
            async for piece in request.stream():
                await take(piece)
                patience.deadline = anyio.current_time() + seconds
        except ClientDisconnect as error:
            raise Malformed("The body ended early.", hint="Send the rest, or send it again.") from error
    if patience.cancelled_caught:
        raise Malformed(f"Nothing came for {seconds} s.", hint="Send the rest, or send it again.")


def field(body: dict[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """A field of a JSON object, of the expected type.

    Raises:
      Malformed: it is absent and has no default, or is of another type.
    """
    value = body.get(name, default)
    if value is None or not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Malformed(
            f"Expected the field {name!r} as {kind.__name__}, got {str(body.get(name))[:100]!r}.",
            hint="See /api/v1/openapi.json.",
        )
    return value


def no_other_fields(body: dict[str, Any], *names: str) -> None:
    """Refuses fields that mean nothing here: a typo should not be ignored.

    Raises:
      Malformed: for the first unknown field.
    """
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise Malformed(f"The field {unknown[0]!r} is not known here.", hint=f"Known: {', '.join(names)}.")
