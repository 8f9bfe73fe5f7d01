"""Parts of a file of a web server (RFC 9110 §14): how they are asked for, and whether an answer has them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

import requests

from tensorflow_hub.errors import HubError
from tensorflow_hub.network.session import HubSession


def ask_for_part(
    session: HubSession,
    addresses: Iterable[str],
    start: int | None,
    end: int | None = None,
    *,
    origin: str,
    validator: str | None = None,
    headers: Mapping[str, str] | None = None,
    what: str | None = None,
) -> requests.Response:
    """Asks for a file, or for some of its bytes, at the first address that gives them.

    Args:
      session: sends the requests.
      addresses: where the file was after redirects, then where that had been redirected from: an address in a
        store has a signature that runs out.
      start: the first byte; None for the whole file.
      end: the byte after the last one; None for all that follow.
      origin: see `HubSession.request`.
      validator: what the file must still have, else the answer is 200 and all of it.
      headers: added to the request.
      what: see `HubSession.request`.

    Returns:
      An answer of 200, of which only the head was read; where bytes were asked for, maybe of 206, 412 or 416.

    Raises:
      HubError: of the last address.
    """
    headers = {"Accept-Encoding": "identity", **(headers or {})}
    accepted = frozenset({200})
    if start is not None:
        headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        accepted = frozenset({200, 206, 412, 416})
        if validator:
            headers["If-Range"] = validator

    def ask(url: str) -> requests.Response:
        return session.request(
            "GET", url, what=what, origin=origin, headers=headers, stream=True, accept_statuses=accepted
        )

    *earlier, last = dict.fromkeys(addresses)
    for url in earlier:
        with contextlib.suppress(HubError):
            return ask(url)
    return ask(last)


def validator_of(response: requests.Response) -> str | None:
    """What tells that a file did not change between two requests; None when its parts cannot be asked for."""
    if response.status_code != 206 and response.headers.get("Accept-Ranges", "").lower() != "bytes":
        return None
    etag = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def is_part(response: requests.Response, start: int, end: int | None = None) -> bool:
    """Whether an answer has the bytes from `start`, to before `end` where that is given."""
    told = response.headers.get("Content-Range", "")
    return response.status_code == 206 and told.startswith(
        f"bytes {start}-" if end is None else f"bytes {start}-{end - 1}/"
    )
