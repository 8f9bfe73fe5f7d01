"""`hub.search`: searches the models of a hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """A model in the results of a search.

    Attributes:
      handle: `publisher/model/version`, for `hub.load`.
      model: `publisher/model`.
      version: the number of the latest version.
      url: the URL of its page, which is also a handle.
      description: the first paragraph of its card.
      task: its first task, such as `"text-embedding"`; None if its card has none.
      format: such as `"saved_model_2"`; None if it is not known.
      details: the hub's answer about it: tasks, languages, licence, size, downloads and more.
    """

    handle: str
    model: str
    version: int
    url: str
    description: str
    task: str | None
    format: str | None
    details: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """The old name of `details`."""
        return self.details


@dataclasses.dataclass(frozen=True)
class SearchResults:
    """A page of results.

    Attributes:
      results: the models, best first.
      total: the number of models that match.
      corrected: the query with corrected typing errors; None if nothing was corrected.
      url: the URL of the page with these results.
    """

    results: tuple[SearchResult, ...]
    total: int
    corrected: str | None
    url: str


def search(
    query: str = "",
    *,
    filters: Mapping[str, Sequence[str]] | None = None,
    interface: str | None = None,
    max_size: str | int | None = None,
    trainable: bool | None = None,
    custom_ops: bool | None = None,
    sort: str = "relevance",
    limit: int = 20,
    page: int = 1,
    hub: str | None = None,
    token: str | None = None,
) -> SearchResults:
    """Searches the models of a hub.

    Args:
      query: words; typing errors are corrected.
      filters: facet → accepted values. Facets: `"task"`, `"format"`, `"publisher"`, `"language"`,
        `"architecture"`, `"dataset"`, `"license"`, `"fine_tunable"`, `"interface"`, `"size"`, `"kind"`,
        `"domain"`.
      interface: input and output types that a signature must have, for example `"string -> float32[512]"`.
      max_size: the largest size of the files, in bytes or as text: `"100MB"`.
      trainable: True for modules with trainable variables, False for modules without.
      custom_ops: False for modules with ops of TensorFlow only.
      sort: `"relevance"`, `"newest"`, `"downloads"` or `"size"`.
      limit: the number of results on a page, at most 100.
      page: the number of the page, from 1.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token with which models of private publishers are found too.

    Returns:
      A `SearchResults`: its `results` are the models, best first, each with `handle`, `version`, `url`,
      `task` and more; `total` is the number of all models that match.

    Raises:
      RejectedError: an argument is not valid; the message says what the hub expected.
      UnreachableError: the hub does not answer.

    Example::

        results = hub.search("sentences", filters={"task": ["text-embedding"]}, max_size="100MB")
        for result in results.results:
            print(result.handle)
    """
    parameters: list[tuple[str, str]] = [
        ("q", query),
        ("sort", sort),
        ("page_size", str(limit)),
        ("page", str(page)),
    ]
    parameters += [(key, value) for key, values in (filters or {}).items() for value in values]
    if interface:
        parameters.append(("interface", interface))
    if max_size is not None:
        parameters.append(("max_size", str(max_size)))
    for key, flag in (("trainable", trainable), ("custom_ops", custom_ops)):
        if flag is not None:
            parameters.append((key, "true" if flag else "false"))
    parameters.append(("facets", "false"))
    answer: answers.SearchAnswer = call(
        client_settings(hub, token), "GET", "/api/v1/search", what="the search", params=parameters
    )
    results = tuple(
        SearchResult(
            handle=found["handle"],
            model=found["model"],
            version=found["version"],
            url=found["url"],
            description=found["description"],
            task=found["task"],
            format=found["format"],
            details=found,
        )
        for found in answer["results"]
    )
    return SearchResults(results, answer["total"], answer["corrected"], answer["url"])
