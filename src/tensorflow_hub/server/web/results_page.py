"""The values for the template of the page of search results."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.card.facets import FACET_BY_KEY, FACETS, label
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.search.engine import SearchAnswer
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.web.model_lists import Value, load_listed
from tensorflow_hub.server.web.rendering import show_count, show_size

# How many values of a facet are shown.
_SHOWN = 15
# For a search without results: how many similar searches are tried, and with how many of its words. The last
# number is how many characters of an invalid parameter stay in its field.
_MOST_NEAR, _MOST_WORDS, _LONGEST = 8, 4, 300
# If there is no similar search either: how many tasks are offered.
_MOST_TASKS = 8
_SORTS = {"relevance": "Best match", "downloads": "Most used", "newest": "Newest", "size": "Smallest"}


@dataclasses.dataclass(frozen=True)
class ShownFacet:
    """A facet in the side column.

    `more_url` shows all of its values if only the most common ones are shown.
    """

    label: str
    choices: tuple[Value, ...]
    open: bool
    more_url: str = ""
    fewer_url: str = ""


def results_values(
    connection: sa.Connection, request: SearchRequest, answer: SearchAnswer, audience: Audience
) -> dict[str, Any]:
    """Returns the values for `results.html`."""
    pages = math.ceil(min(answer.total, MAX_RESULTS) / request.page_size)
    return {
        **_frame(request),
        "total_text": show_count(answer.total, "model"),
        "models": load_listed(connection, answer.ids, audience),
        "facets": shown_facets(request, answer),
        "corrected": answer.corrected,
        "relaxed": answer.relaxed,
        "similar_searches": [],
        "common_tasks": [],
        "pages": pages,
        "previous_url": _on_page(request, request.page - 1) if request.page > 1 else "",
        "last_url": _on_page(request, max(pages, 1)),
        "next_url": _on_page(request, request.page + 1) if request.page < pages else "",
    }


def with_problem(values: dict[str, Any], parameters: Mapping[str, str], problem: HubError) -> dict[str, Any]:
    """Adds an error to the values of the page. Invalid parameters stay in the fields of the form.

    Args:
      values: the values of the page for the valid parameters.
      parameters: all parameters of the URL.
      problem: the error of the invalid ones.
    """
    boxes = {key: parameters[key][:_LONGEST] for key in ("interface", "max_size") if parameters.get(key)}
    return {**values, **boxes, "typed_open": values["typed_open"] or bool(boxes), "problem": problem}


def shown_facets(request: SearchRequest, answer: SearchAnswer) -> list[ShownFacet]:
    """Returns the facets that have something to choose."""
    shown = []
    for facet in FACETS:
        chosen = request.filters.get(facet.key, ())
        is_whole = request.all_of == facet.key
        every = answer.facets.get(facet.key, ())
        counted = dict(every if is_whole else every[:_SHOWN])
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
            more = dataclasses.replace(request, all_of=facet.key).to_url() if len(every) > _SHOWN else ""
            shown.append(
                ShownFacet(
                    facet.label,
                    choices,
                    bool(chosen) or facet.is_open or is_whole,
                    "" if is_whole else more,
                    dataclasses.replace(request, all_of="").to_url() if is_whole else "",
                )
            )
    return shown


def similar_searches(request: SearchRequest, count: Callable[[SearchRequest], int]) -> list[Value]:
    """Returns searches with results that are similar to one without: with fewer filters or words.

    Args:
      request: the search without results.
      count: returns the number of results of a search.
    """
    bare = dataclasses.replace(request, page=1, page_size=1, with_facets=False, all_of="")
    others = [(f"without “{filter_.label}”", filter_.request_without) for filter_ in _filters(bare)]
    if len(others) > 1:
        others.append(("without any filter", SearchRequest(text=request.text, with_facets=False)))
    if bare.interface is not None:
        of_any_shape = dataclasses.replace(bare, interface=bare.interface.of_any_shape())
        others.insert(0, (f"“{of_any_shape.interface}” of any shape", of_any_shape))
    words = request.text.split()
    if len(words) > 1:
        others += [(f"“{word}”", dataclasses.replace(bare, text=word)) for word in words[:_MOST_WORDS]]
    found = [(name, other, count(other)) for name, other in others[:_MOST_NEAR]]
    shown = (dataclasses.replace(other, page_size=request.page_size) for _, other, _ in found)
    return [
        Value("", name, number, url=other.to_url())
        for (name, _, number), other in zip(found, shown, strict=True)
        if number
    ]


def common_tasks(answer: SearchAnswer) -> list[Value]:
    """Returns the commonest tasks of an answer, each with the URL of its models."""
    return [
        Value(value, label("task", value), count, SearchRequest().with_filter("task", value).to_url())
        for value, count in answer.facets.get("task", ())[:_MOST_TASKS]
    ]


def _frame(request: SearchRequest) -> dict[str, Any]:
    """Returns the values that do not depend on the results."""
    return {
        "title": f"{request.text} – search" if request.text else "Browse models",
        "query_text": request.text,
        "request_": request,
        "feed_url": _feed_of(request),
        "problem": None,
        "chosen": _chosen(request),
        "clear_url": SearchRequest(text=request.text, sort=request.sort).to_url(),
        "sorts": [
            Value(
                sort,
                name,
                url=dataclasses.replace(request, sort=sort, page=1).to_url(),
                on=sort == request.sort,
            )
            for sort, name in _SORTS.items()
        ],
        "kept": _kept(request),
        "interface": str(request.interface) if request.interface else "",
        "max_size": show_size(request.max_size) if request.max_size is not None else "",
        "typed_open": any(_typed(request)),
    }


def _on_page(request: SearchRequest, page: int) -> str:
    return dataclasses.replace(request, page=page).to_url()


def _feed_of(request: SearchRequest) -> str:
    url = dataclasses.replace(request, page=1, all_of="").to_url()
    return f"{url}{'&' if '?' in url else '?'}feed=atom"


def _typed(request: SearchRequest) -> Sequence[bool]:
    return [
        part is not None
        for part in (request.interface, request.max_size, request.trainable, request.custom_ops)
    ]


def _kept(request: SearchRequest) -> list[tuple[str, str]]:
    """Returns the other parameters, which the form for typed search sends as hidden fields."""
    bare = dataclasses.replace(
        request, interface=None, max_size=None, trainable=None, custom_ops=None, page=1
    )
    return bare.parameters()


def _chosen(request: SearchRequest) -> list[Value]:
    """Returns the active filters, each with the URL of the search without it."""
    return [
        Value(filter_.key, filter_.label, url=filter_.request_without.to_url())
        for filter_ in _filters(dataclasses.replace(request, page=1))
    ]


@dataclasses.dataclass(frozen=True)
class _Filter:
    """An active filter of a search, and the search without it."""

    key: str
    label: str
    request_without: SearchRequest


def _filters(request: SearchRequest) -> list[_Filter]:
    found = [
        _Filter(key, FACET_BY_KEY[key].label_of(value), request.with_filter(key, value))
        for key, values in request.filters.items()
        for value in values
    ]
    typed = {
        "interface": str(request.interface),
        "max_size": f"at most {show_size(request.max_size)}",
        "trainable": "trainable" if request.trainable else "not trainable",
        "custom_ops": "with custom ops" if request.custom_ops else "no custom ops",
    }
    return found + [
        _Filter(key, text, dataclasses.replace(request, **{key: None}))  # type: ignore[arg-type]
        for key, text in typed.items()
        if getattr(request, key) is not None
    ]
