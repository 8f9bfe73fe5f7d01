"""The main pages: home, search, publisher, version, help and errors."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.card.facets import FACET_BY_KEY, label
from tensorflow_hub.server.catalogue.audience import PUBLIC, Audience
from tensorflow_hub.server.catalogue.reading import list_publishers
from tensorflow_hub.server.catalogue.records import Publisher, Version
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Gone, Malformed, Missing, Unknown, status_of
from tensorflow_hub.server.core.rights import audience_of, has_scope
from tensorflow_hub.server.search.engine import SearchAnswer, similar
from tensorflow_hub.server.search.engine import search as answer_search
from tensorflow_hub.server.search.request import MAX_RESULTS, SORTS, SearchRequest
from tensorflow_hub.server.web.api_page import endpoint_rows
from tensorflow_hub.server.web.cards import MAX_CARD, plain_text, render_card
from tensorflow_hub.server.web.model_lists import Value, load_listed
from tensorflow_hub.server.web.rendering import render, render_cached, show_count
from tensorflow_hub.server.web.results_page import (
    common_tasks,
    results_values,
    shown_facets,
    similar_searches,
    with_problem,
)
from tensorflow_hub.server.web.site import site_of
from tensorflow_hub.server.web.version_page import version_values

# How many collections the page of a publisher shows, with a link to all of them.
_MOST_COLLECTIONS = 5
_MOST_PUBLISHERS = 300
_DOMAINS = ("image", "text", "audio", "video")
# The models in the lists of the home page: no deployments of other models, and no collections.
_MAIN_KINDS = SearchRequest(filters={"kind": ("module", "placeholder")}, page_size=8, with_facets=False)
_ALL_BUT_COLLECTIONS = tuple(kind for kind in FACET_BY_KEY["kind"].names if kind != "collection")
_VERSION = re.compile(r"/\d+$")
_HEADINGS = {
    404: "Page not found",
    410: "This version was deleted",
    401: "Sign in first",
    403: "Not allowed",
}


def home(request: Request, connection: sa.Connection, caller: Caller) -> Response:
    """Returns the page `/`."""
    return render_cached(
        request, connection, caller, "home.html", lambda: _home_values(request, connection, caller)
    )


def _home_values(request: Request, connection: sa.Connection, caller: Caller) -> dict[str, Any]:
    audience = audience_of(caller)
    every = find(request, connection, caller, SearchRequest(page_size=1, all_of="publisher"))
    used, newest = (
        load_listed(
            connection,
            find(request, connection, caller, dataclasses.replace(_MAIN_KINDS, sort=order)).ids,
            audience,
        )
        for order in ("downloads", "newest")
    )
    dated = [model for model in newest if model.date]
    of_publishers = every.facets.get("publisher", ())
    counts = dict(every.facets.get("domain", ()))
    return {
        "title": site_of(request).name,
        "show_header_search": False,
        "feed_url": "/?feed=atom",
        "counted": show_count,
        "total": every.total,
        "total_text": show_count(every.total, "model"),
        "domains": [
            Value(name, label("domain", name), counts[name]) for name in _DOMAINS if counts.get(name)
        ],
        "used": [model for model in used if model.downloads],
        "newest": dated,
        # For a hub where no dates are known and nothing has been downloaded.
        "some": [] if dated else used,
        "private_publishers": _private_publishers(connection, audience),
        "publishers": [Value(name, name, count) for name, count in of_publishers[:_MOST_PUBLISHERS]],
        "more_publishers": len(of_publishers) > _MOST_PUBLISHERS,
    }


def _private_publishers(connection: sa.Connection, audience: Audience) -> set[str]:
    """Returns the names of the private publishers that the audience may read."""
    if audience == PUBLIC:
        return set()
    return {publisher.name for publisher in list_publishers(connection, audience) if publisher.private}


def search(request: Request, connection: sa.Connection, caller: Caller) -> Response:
    """Returns the page `/s?q=…`."""
    pairs = request.query_params.multi_items()
    try:
        asked, problem = SearchRequest.parse(pairs), None
    except Malformed as error:
        asked, problem = SearchRequest.parse(filter(_is_readable, pairs)), error
    answer = find(request, connection, caller, asked)
    values = results_values(connection, asked, answer, audience_of(caller))
    if problem is not None:
        values = with_problem(values, request.query_params, problem)
    elif not answer.total:
        values["similar_searches"] = similar_searches(
            asked, lambda other: find(request, connection, caller, other).total
        )
        if not values["similar_searches"]:
            values["common_tasks"] = common_tasks(
                find(request, connection, caller, SearchRequest(page_size=1))
            )
    status = status_of(problem)[0] if problem else 200
    return render(request, "results.html", status=status, **values)


def _is_readable(pair: tuple[str, str]) -> bool:
    """Whether a parameter of a search URL is valid."""
    try:
        SearchRequest.parse([pair])
    except Malformed:
        return False
    return True


def api_page(request: Request) -> Response:
    """Returns the page `/help/api`."""
    return render(
        request,
        "api.html",
        title="API",
        base=base_url(request),
        endpoints=endpoint_rows(request.app.state.api),
        parameters=SearchRequest.described.__struct_fields__,
        sorts=SORTS,
    )


def publisher(request: Request, connection: sa.Connection, caller: Caller, shown: Publisher) -> Response:
    """Returns the page `/<publisher>`."""
    audience = audience_of(caller)
    of_publisher = SearchRequest(filters={"publisher": (shown.name,)})
    asked = dataclasses.replace(
        of_publisher, filters={**of_publisher.filters, "kind": _ALL_BUT_COLLECTIONS}, page=_page(request)
    )
    answer = find(request, connection, caller, asked)
    pages = max(1, math.ceil(min(answer.total, MAX_RESULTS) / asked.page_size))
    if asked.page > pages:
        raise Missing(f"{shown.name} has {pages} pages of models.", hint=f"See /{shown.name}.")
    only_collections = dataclasses.replace(of_publisher, with_facets=False).with_filter("kind", "collection")
    found = find(request, connection, caller, only_collections)
    collections = load_listed(connection, found.ids[:_MOST_COLLECTIONS], audience) if asked.page == 1 else []
    body = shown.card.split("\n", 1)[1] if shown.card.startswith("# ") and "\n" in shown.card else shown.card
    return render(
        request,
        "publisher.html",
        title=shown.name,
        heading=shown.title or shown.name,
        lead=plain_text(shown.description, 600),
        summary=plain_text(shown.description, 200),
        publisher=shown,
        feed_url=f"/{shown.name}?feed=atom",
        page_url=f"{base_url(request)}/{shown.name}" if asked.page == 1 else "",
        manages=caller.session is not None and has_scope(caller, ADMIN, shown.name),
        collections=collections,
        models=load_listed(connection, answer.ids, audience),
        collections_text=show_count(found.total, "collection"),
        collections_url=only_collections.to_url() if found.total > len(collections) else "",
        total_text=show_count(answer.total, "model"),
        search_url=of_publisher.to_url(),
        page=asked.page,
        pages=pages,
        facets=[
            facet
            for facet in shown_facets(of_publisher, answer)
            if facet.label in {"Task", "Format", "Language"}
        ],
        card_is_cut=len(body) > MAX_CARD,
        card=Markup(_rendered(body)) if body.strip() and asked.page == 1 else None,  # noqa: S704 - sanitised,
    )


def _page(request: Request) -> int:
    """Returns the page number in the URL; 1 if it has none or it is not valid."""
    text = request.query_params.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else 1


@functools.lru_cache(maxsize=64)
def _rendered(body: str) -> str:
    return render_card(body)


def version(request: Request, connection: sa.Connection, caller: Caller, shown: Version) -> Response:
    """Returns the page `/<publisher>/<model>/<version>` or `/<publisher>/collection/<name>`."""
    return render_cached(
        request,
        connection,
        caller,
        "version.html",
        lambda: _version_values(request, connection, caller, shown),
        about=shown,
    )


def _version_values(
    request: Request, connection: sa.Connection, caller: Caller, shown: Version
) -> dict[str, Any]:
    audience = audience_of(caller)
    alike = hub_of(request).search.answer(
        connection, audience, lambda index: similar(index, shown.model.id, limit=15)
    )
    runs_models = request.app.state.predictions is not None
    values = version_values(connection, shown, base_url(request), alike, caller, runs_models=runs_models)
    mirror = request.app.state.mirror
    upstream = mirror.upstream if mirror is not None and mirror.may_fetch(shown) else None
    values["mirrored_from"] = upstream.source_of(shown.name) if upstream is not None else ""
    return values


def problem(request: Request, error: HubError) -> Response:
    """Returns the page for an error."""
    status, _ = status_of(error)
    suggestions: Sequence[str] = error.suggestions if isinstance(error, Missing | Gone) else ()
    words = _VERSION.sub("", request.url.path.strip("/")).replace("/", " ").replace("_", " ")
    return render(
        request,
        "problem.html",
        status=status,
        number=status,
        title=_HEADINGS.get(status, "The request failed"),
        heading=_HEADINGS.get(status, "The request failed"),
        problem=error.problem,
        hint="" if suggestions or isinstance(error, Unknown) else error.hint,  # its hint is for programs
        suggestions=suggestions,
        suggestions_title="Available versions" if status == 410 else "Did you mean",
        query_text=words[:100] if status == 404 else "",
        form_url=_page_of_form(request),
    )


def _page_of_form(request: Request) -> str:
    """Returns the URL of the page whose form was sent; "" for other requests.

    A browser names it in the header `Referer`. A page of another host is not linked.
    """
    page = request.headers.get("referer", "")
    return page if request.method == "POST" and page.startswith(f"{base_url(request)}/") else ""


def find(request: Request, connection: sa.Connection, caller: Caller, asked: SearchRequest) -> SearchAnswer:
    """Searches the models that the caller may see."""
    return hub_of(request).search.answer(
        connection, audience_of(caller), lambda index: answer_search(index, asked)
    )
