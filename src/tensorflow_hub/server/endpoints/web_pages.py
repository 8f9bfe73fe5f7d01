"""`GET /`, `/s` and `/help`: the pages whose URL is not a handle."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.core.callers import caller_of, session_caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.web import pages
from tensorflow_hub.server.web.feeds import event_feed, newest_of, search_feed, wants_feed
from tensorflow_hub.server.web.help_page import help_page


def show_home(request: Request) -> Response:
    """Returns the home page."""
    with hub_of(request).database.reading() as connection:
        if wants_feed(request):
            return event_feed(request, connection, caller_of(request))
        return pages.home(request, connection, caller_of(request))


def show_search(request: Request) -> Response:
    """Returns the page of search results."""
    with hub_of(request).database.reading() as connection:
        caller = caller_of(request)
        if wants_feed(request):
            asked = newest_of(request)
            found = pages.find(request, connection, caller, asked)
            return search_feed(request, connection, caller, asked, found.ids)
        return pages.search(request, connection, caller)


def show_help(request: Request) -> Response:
    """Returns the page about using the hub."""
    request.state.caller = session_caller(request)
    with hub_of(request).database.reading() as connection:
        return help_page(request, connection)


def show_api_help(request: Request) -> Response:
    """Returns the page about the API."""
    request.state.caller = session_caller(request)
    return pages.api_page(request)
