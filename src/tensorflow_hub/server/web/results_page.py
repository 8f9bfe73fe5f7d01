"""The page of search results: what its template shows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.card.facets import FACET_BY_KEY, FACETS
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.search.engine import SearchAnswer
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.web.model_lists import Value, load_listed
from tensorflow_hub.server.web.rendering import show_count, show_size

# So many values of a facet are shown.
_SHOWN = 15
# So many questions like one without an answer are tried, with so many of its words; so much of a box stays.
_MOST_NEAR, _MOST_WORDS, _LONGEST = 8, 4, 300
_SORTS = {"relevance": "Best match", "downloads": "Most used", "newest": "Newest", "size": "Smallest"}


@dataclasses.dataclass(frozen=True)
class ShownFacet:
    """A facet in the side column; `more_url` shows all its values where only the commonest are shown."""

    label: str
    choices: tuple[Value, ...]
    open: bool
    more_url: str = ""
    fewer_url: str = ""


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
        "near": [],
        "pages": pages,
        "previous_url": request.on_page(request.page - 1).to_url() if request.page > 1 else "",
        "last_url": request.on_page(max(pages, 1)).to_url(),
        "next_url": request.on_page(request.page + 1).to_url() if request.page < pages else "",
    }


def refused_values(
    values: dict[str, Any], parameters: Mapping[str, str], problem: HubError
) -> dict[str, Any]:
    """The same page for a question of which a part cannot be read: what was typed stays in its box.

    Args:
      values: what the page shows for the part that can be read.
      parameters: those of the URL.
      problem: what is wrong with the others.
    """
    boxes = {key: parameters[key][:_LONGEST] for key in ("interface", "max_size") if parameters.get(key)}
    return {**values, **boxes, "typed_open": values["typed_open"] or bool(boxes), "problem": problem}


def shown_facets(request: SearchRequest, answer: SearchAnswer) -> list[ShownFacet]:
    """The facets with something to choose."""
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


def near(request: SearchRequest, count: Callable[[SearchRequest], int]) -> list[Value]:
    """Questions like one that nothing answers, which have answers: without one filter, or with fewer words.

    Args:
      request: the question.
      count: how many models answer a question.
    """
    bare = dataclasses.replace(request, page=1, page_size=1, all_of="")
    others = [(f"without “{taken.label}”", taken.request) for taken in _taken_away(bare)]
    if len(others) > 1:
        others.append(("without any filter", SearchRequest(text=request.text)))
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


def _frame(request: SearchRequest) -> dict[str, Any]:
    """What does not depend on the answer."""
    return {
        "title": f"{request.text} – search" if request.text else "Browse models",
        "query_text": request.text,
        "request_": request,
        "feed_url": _feed_of(request),
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


def _feed_of(request: SearchRequest) -> str:
    url = dataclasses.replace(request, page=1, all_of="").to_url()
    return f"{url}{'&' if '?' in url else '?'}feed=atom"


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
    return [
        Value(taken.key, taken.label, url=taken.request.to_url())
        for taken in _taken_away(dataclasses.replace(request, page=1))
    ]


@dataclasses.dataclass(frozen=True)
class _Taken:
    """A filter of a question, and the question without it."""

    key: str
    label: str
    request: SearchRequest


def _taken_away(request: SearchRequest) -> list[_Taken]:
    found = [
        _Taken(key, FACET_BY_KEY[key].label_of(value), request.with_filter(key, value))
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
        _Taken(key, text, dataclasses.replace(request, **{key: None}))  # type: ignore[arg-type]
        for key, text in typed.items()
        if getattr(request, key) is not None
    ]
