"""The page of search results: what its template shows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.facets import FACET_BY_KEY, FACETS
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.search.engine import SearchAnswer
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.web.model_lists import Value, load_listed
from tensorflow_hub.server.web.rendering import show_count, show_size

# So many values of a facet are shown.
_SHOWN = 15
_SORTS = {"relevance": "Best match", "downloads": "Most used", "newest": "Newest", "size": "Smallest"}


@dataclasses.dataclass(frozen=True)
class ShownFacet:
    """A facet in the side column."""

    label: str
    choices: tuple[Value, ...]
    open: bool


def results_values(
    connection: sa.Connection, request: SearchRequest, answer: SearchAnswer, audience: Audience
) -> dict[str, Any]:
    """What `results.html` shows."""
    pages = math.ceil(min(answer.total, MAX_RESULTS) / request.page_size)
    return {
        **_frame(request),
        "total_text": show_count(answer.total, "model"),
        "models": load_listed(connection, answer.ids, audience),
        "facets": shown_facets(request, answer),
        "corrected": answer.corrected,
        "estimated": answer.estimated,
        "relaxed": answer.relaxed,
        "pages": pages,
        "previous_url": request.on_page(request.page - 1).to_url() if request.page > 1 else "",
        "last_url": request.on_page(max(pages, 1)).to_url(),
        "next_url": request.on_page(request.page + 1).to_url() if request.page < pages else "",
    }


def refused_values(request: SearchRequest, problem: HubError) -> dict[str, Any]:
    """The same page for a question that cannot be read."""
    empty: dict[str, Any] = {
        "total_text": "",
        "models": [],
        "facets": [],
        "corrected": None,
        "estimated": False,
        "relaxed": False,
    }
    return {**_frame(request), **empty, "pages": 0, "previous_url": "", "next_url": "", "problem": problem}


def shown_facets(request: SearchRequest, answer: SearchAnswer) -> list[ShownFacet]:
    """The facets with something to choose."""
    shown = []
    for facet in FACETS:
        chosen = request.filters.get(facet.key, ())
        counted = dict(answer.facets.get(facet.key, ())[:_SHOWN])
        counted |= {value: counted.get(value, 0) for value in chosen}
        if len(counted) > 1 or chosen:
            choices = tuple(
                Value(
                    value,
                    facet.label_of(value),
                    count,
                    request.with_filter(facet.key, value).to_url(),
                    value in chosen,
                )
                for value, count in counted.items()
            )
            shown.append(ShownFacet(facet.label, choices, bool(chosen) or facet.is_open))
    return shown


def _frame(request: SearchRequest) -> dict[str, Any]:
    """What does not depend on the answer."""
    return {
        "title": f"{request.text} – search" if request.text else "Browse models",
        "query_text": request.text,
        "request_": request,
        "problem": None,
        "chosen": _chosen(request),
        "clear_url": SearchRequest(text=request.text, sort=request.sort).to_url(),
        "sorts": [
            Value(sort, name, url=request.sorted_by(sort).to_url(), on=sort == request.sort)
            for sort, name in _SORTS.items()
        ],
        "kept": _kept(request),
        "interface": str(request.interface) if request.interface else "",
        "max_size": show_size(request.max_size) if request.max_size is not None else "",
        "typed_open": any(_typed(request)),
    }


def _typed(request: SearchRequest) -> Sequence[bool]:
    return [
        part is not None
        for part in (request.interface, request.max_size, request.trainable, request.custom_ops)
    ]


def _kept(request: SearchRequest) -> list[tuple[str, str]]:
    """What the form for typed search passes on."""
    bare = dataclasses.replace(
        request, interface=None, max_size=None, trainable=None, custom_ops=None, page=1
    )
    return bare.parameters()


def _chosen(request: SearchRequest) -> list[Value]:
    """The filters that are on, each with the address without it."""
    found = [
        Value(value, FACET_BY_KEY[key].label_of(value), url=request.with_filter(key, value).to_url())
        for key, values in request.filters.items()
        for value in values
    ]
    without = dataclasses.replace(request, page=1)
    if request.interface:
        url = dataclasses.replace(without, interface=None).to_url()
        found.append(Value("interface", str(request.interface), url=url))
    if request.max_size is not None:
        url = dataclasses.replace(without, max_size=None).to_url()
        found.append(Value("max_size", f"at most {show_size(request.max_size)}", url=url))
    if request.trainable is not None:
        text = "trainable" if request.trainable else "not trainable"
        found.append(Value("trainable", text, url=dataclasses.replace(without, trainable=None).to_url()))
    if request.custom_ops is not None:
        text = "with custom ops" if request.custom_ops else "no custom ops"
        found.append(Value("custom_ops", text, url=dataclasses.replace(without, custom_ops=None).to_url()))
    return found
