"""Atom feeds (RFC 4287) of the hub, a publisher, a model, a search: `?feed=atom` at the URL of the page."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.server.catalogue.events import Event, list_events
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.negotiation import quality
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.http.asset_response import matches
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.web.cards import plain_text
from tensorflow_hub.server.web.model_lists import load_documents
from tensorflow_hub.server.web.site import site_of

MEDIA_TYPE = "application/atom+xml"
PARAMETER = "feed"
_MOST = 50


@dataclasses.dataclass(frozen=True)
class _Entry:
    id: str
    title: str
    at: int
    url: str
    summary: str


def wants_feed(request: Request) -> bool:
    """Whether a request asks for the feed of a page, with the parameter or with the header `Accept`.

    Raises:
      Malformed: the parameter names another kind of feed.
    """
    value = request.query_params.get(PARAMETER)
    if value not in {None, "atom"}:
        raise Malformed(f"Expected {PARAMETER}=atom, got {value!r:.60}.", hint="Feeds are Atom only.")
    accept = request.headers.get("accept", "")
    by_header = quality(accept, MEDIA_TYPE, wildcard=False) > quality(accept, "text/html")
    return value is not None or by_header


def event_feed(request: Request, connection: sa.Connection, caller: Caller, below: str = "") -> Response:
    """Returns the feed of events of the hub, of a publisher or of a model that the caller may read."""
    base = base_url(request)
    found = list_events(connection, audience_of(caller), below, _MOST)
    entries = [_of_event(event, base) for event in found]
    return _feed(request, caller, below or site_of(request).name, f"{base}/{below}", entries)


def search_feed(
    request: Request, connection: sa.Connection, caller: Caller, asked: SearchRequest, ids: Sequence[int]
) -> Response:
    """Returns the feed of the latest models that a search finds."""
    base = base_url(request)
    entries = []
    for document in load_documents(connection, ids, audience_of(caller)):
        handle = f"{document.handle}/{document.version}"
        if document.published_at:  # the date of versions with only documentation is not known
            event = Event(document.published_at, "publish", handle, {})
            summary = plain_text(document.description, 300)
            entries.append(dataclasses.replace(_of_event(event, base), summary=summary))
    title = f"Search: {asked.text or 'all models'}"
    return _feed(request, caller, title, f"{base}{asked.to_url()}", entries)


def newest_of(request: Request) -> SearchRequest:
    """Returns the search of a request for a feed, sorted by date.

    Raises:
      Malformed: its parameters are not valid.
    """
    asked = SearchRequest.parse(request.query_params.multi_items())
    return dataclasses.replace(asked, sort="newest", page=1, page_size=_MOST, with_facets=False)


def _of_event(event: Event, base: str) -> _Entry:
    reason, deployment = event.detail.get("reason") or "", event.detail.get("deployment") or ""
    return _Entry(
        # Not the numbers of the audit log, which would reveal how many events a reader may not see.
        f"{base}/{event.handle}#{event.action}-{deployment or 'version'}-{event.at}",
        EVENTS[event.action].title.format(handle=event.handle),
        event.at,
        f"{base}/{event.handle}",
        str(reason) or (f"The deployment {deployment}." if deployment else ""),
    )


def _feed(request: Request, caller: Caller, title: str, page: str, entries: Sequence[_Entry]) -> Response:
    updated = iso(max((entry.at for entry in entries), default=0))
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{_text(title)}</title><id>{_text(page)}</id><updated>{updated}</updated>",
        f"<author><name>{_text(site_of(request).name)}</name></author>",
        f'<link rel="alternate" type="text/html" href={quoteattr(page)}/>',
        *map(_xml, entries),
        "</feed>\n",
    ]
    body = "\n".join(parts).encode()
    headers = {
        "Cache-Control": "no-cache" if caller.session is None else "no-store",
        "Vary": "Accept, Authorization, Cookie",
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:24]}"',
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"].removeprefix("W/")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=MEDIA_TYPE)


def _xml(entry: _Entry) -> str:
    return (
        f"<entry><title>{_text(entry.title)}</title><id>{_text(entry.id)}</id>"
        f"<updated>{iso(entry.at)}</updated><link href={quoteattr(entry.url)}/>"
        f"<summary>{_text(entry.summary)}</summary></entry>"
    )


def _text(text: str) -> str:
    """Escapes text for XML, without the control characters that XML does not allow."""
    return escape("".join(letter for letter in text if letter >= " " or letter in "\t\n"))
