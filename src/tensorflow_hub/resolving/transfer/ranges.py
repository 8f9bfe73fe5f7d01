"""Requests for parts of a file on a web server (RFC 9110 §14), and checks of the answers."""

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
    """Requests a file, or some of its bytes, from the first URL that has them.

    Args:
      session: the session.
      addresses: the URLs: the one after redirects first, then the one that redirected to it. URLs of stores
        have a
        signature that expires.
      start: the first byte; None for the whole file.
      end: the byte after the last one; None for all following bytes.
      origin: see `HubSession.request`.
      validator: the ETag or date that the file must still have. Otherwise the answer is 200 with the whole
        file.
      headers: further headers.
      what: see `HubSession.request`.

    Returns:
      An answer with the status 200, of which only the headers were read; for a part perhaps 206, 412 or 416.

    Raises:
      HubError: the error for the last URL.
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
    """The ETag or date that shows that a file did not change between requests; None if there is none."""
    if response.status_code != 206 and response.headers.get("Accept-Ranges", "").lower() != "bytes":
        return None
    etag = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def is_part(response: requests.Response, start: int, end: int | None = None) -> bool:
    """Whether an answer has the bytes from `start`, up to `end` (exclusive) if that is given."""
    told = response.headers.get("Content-Range", "")
    return response.status_code == 206 and told.startswith(
        f"bytes {start}-" if end is None else f"bytes {start}-{end - 1}/"
    )
