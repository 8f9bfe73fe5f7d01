"""Search a hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """A model that was found.

    Attributes:
      handle: `publisher/model/version`, what `hub.load` takes.
      model: `publisher/model`.
      version: the latest one.
      url: of its page, which is also its handle for any hub.
      description: its first paragraph.
      task: its first task, such as `"text-embedding"`; None when its card names none.
      format: such as `"saved_model_2"`; None when it is not known.
      details: the whole answer of the hub about it: tasks, languages, licence, size, downloads and more.
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
        """An older name of `details`."""
        return self.details


@dataclasses.dataclass(frozen=True)
class SearchResults:
    """A page of results.

    Attributes:
      results: best first.
      total: how many models match in all.
      corrected: the query after mistyped words were corrected; None when nothing was corrected.
      url: of the page that shows the same.
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
      filters: facet → values, any of which fits; facets: `"task"`, `"format"`, `"publisher"`, `"language"`,
        `"architecture"`, `"dataset"`, `"license"`, `"fine_tunable"`, `"interface"`, `"size"`, `"kind"`,
        `"domain"`.
      interface: a typed interface that a signature must have, for example `"string -> float32[512]"`.
      max_size: upper limit of the size on disk, in bytes or as text: `"100MB"`.
      trainable: whether it must have trainable variables, or must have none.
      custom_ops: False for modules that need no ops beyond TensorFlow's own.
      sort: `"relevance"`, `"newest"`, `"downloads"` or `"size"`.
      limit: results on a page, at most 100.
      page: from 1.
      hub: URL of the hub; default `TFHUB_URL`.
      token: to find models of private publishers too.

    Returns:
      A page of results, best first.

    Raises:
      RejectedError: an argument that the hub cannot read; says what it expected.
      UnreachableError: the hub does not answer.

    Example::

        results = hub.search("sentences", filters={"task": ["text-embedding"]}, max_size="100MB")
        for result in results:
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
