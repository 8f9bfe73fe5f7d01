"""Results of search, similar models, and counts of downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Count, Day, Time


class SearchResult(TypedDict):
    """A found model."""

    handle: Annotated[str, Meta(description="publisher/model/version, the handle for hub.load.")]
    model: str
    version: Annotated[int, Meta(ge=1)]
    url: str
    publisher: str
    private: Annotated[bool, Meta(description="Whether only readers of the publisher see it.")]
    kind: str
    description: str
    task: str | None
    tasks: Sequence[str]
    format: str | None
    formats: Sequence[str]
    languages: Sequence[str]
    architectures: Sequence[str]
    datasets: Sequence[str]
    license: str | None
    fine_tunable: bool | None
    interfaces: Sequence[str]
    facets: Annotated[Mapping[str, Sequence[str]], Meta(description="Facet → values of the model.")]
    signatures: Annotated[
        Sequence[str], Meta(description="Typed interfaces, such as 'string[?] -> float32[?,512]'.")
    ]
    trainable: bool | None
    custom_ops: bool | None
    size: Annotated[int | None, Meta(description="Size in bytes; null if the hub has no files.")]
    downloads: Count
    published_at: Time | None


class FacetValue(TypedDict):
    """A value of a facet and how many models have it."""

    value: str
    label: str
    count: Count


class SearchAnswer(TypedDict):
    """A page of results, best first, with counts of the facets."""

    query: str
    url: Annotated[str, Meta(description="The URL of the page with the same results.")]
    total: Count
    page: Annotated[int, Meta(ge=1)]
    pages: Count
    corrected: Annotated[str | None, Meta(description="The corrected words, if some were misspelt.")]
    relaxed: Annotated[bool, Meta(description="Whether results may lack some of the words.")]
    results: Sequence[SearchResult]
    facets: Annotated[
        Mapping[str, Sequence[FacetValue]],
        Meta(description="The 30 commonest values of each facet; all_of=FACET counts all of one."),
    ]
    took_ms: float


class SimilarModels(TypedDict):
    """Models that are similar to a model."""

    model: str
    results: Sequence[SearchResult]


class DownloadsOfDay(TypedDict):
    """Downloads on one day."""

    day: Day
    downloads: Count


class Downloads(TypedDict):
    """Downloads of a model by day."""

    model: str
    total: Count
    days: Sequence[DownloadsOfDay]
