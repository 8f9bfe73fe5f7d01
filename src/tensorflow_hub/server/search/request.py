"""A search request and its URL: every page of results has a permanent link."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, cast
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tensorflow_hub.api.requests import Parameters
from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.card.facets import FACET_KEYS, FACETS
from tensorflow_hub.format.module.interfaces import INTERFACES
from tensorflow_hub.server.search.signatures import Interface, parse_interface
from tensorflow_hub.setting_values import parse_size

SORTS = ("relevance", "newest", "downloads", "size")
MAX_QUERY = 300
MAX_PAGE_SIZE = 100
# Users do not read further, and each page takes longer than the one before.
MAX_RESULTS = 10_000

# The largest number that the index can store.
_LARGEST_SIZE = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class SearchRequest:
    """A search request.

    Attributes:
      text: the words.
      filters: facet key → values. A model must have at least one of the values of each facet.
      interface: a typed interface that a signature must have.
      max_size: upper limit of the size on disk, in bytes.
      trainable: True for models with trainable variables only, False for models without; None for all.
      custom_ops: True for models with custom ops only, False for models without; None for all.
      sort: relevance, newest, downloads or size.
      page: from 1.
      page_size: results on a page.
      with_facets: whether to count the values of the facets.
      all_of: a facet of which all values are counted, not only the commonest; "" for none.
    """

    described: ClassVar[type[Parameters]]

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    interface: Interface | None = None
    max_size: int | None = None
    trainable: bool | None = None
    custom_ops: bool | None = None
    sort: str = "relevance"
    page: int = 1
    page_size: int = 20
    with_facets: bool = True
    all_of: str = ""

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]]) -> SearchRequest:
        """Parses the parameters of a search URL. Unknown and empty ones are ignored.

        Raises:
          FormatError: a value is not valid; says what was expected.

        >>> SearchRequest.parse([("q", "bert"), ("task", "text-embedding")]).to_url()
        '/s?q=bert&task=text-embedding'
        """
        filters: dict[str, list[str]] = {}
        fields: dict[str, object] = {}
        for key, value in parameters:
            value = value.strip()  # noqa: PLW2901
            if not value:
                continue
            try:
                if key == "interface" and value not in INTERFACES:
                    fields["interface"] = parse_interface(value)
                elif key in FACET_KEYS:
                    filters.setdefault(key, []).append(value[:100])
                elif key in _PARAMETERS:
                    fields[_PARAMETERS[key].field] = _PARAMETERS[key].parse(value)
            except FormatError as error:
                problem = f"The parameter {key!r} cannot be used. {error.problem}"
                raise FormatError(problem, hint=error.hint) from error
        unique = {key: tuple(dict.fromkeys(values))[:20] for key, values in filters.items()}
        return cls(filters=unique, **fields)  # type: ignore[arg-type]

    def parameters(self) -> list[tuple[str, str]]:
        """Returns the parameters of the URL of this request, without those that have their default."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(key, value) for key in FACET_KEYS for value in self.filters.get(key, ())]
        if self.interface:
            pairs.append(("interface", str(self.interface)))
        if self.max_size is not None:
            pairs.append(("max_size", str(self.max_size)))
        for key, flag in (("trainable", self.trainable), ("custom_ops", self.custom_ops)):
            if flag is not None:
                pairs.append((key, "true" if flag else "false"))
        if self.sort != "relevance":
            pairs.append(("sort", self.sort))
        if self.page != 1:
            pairs.append(("page", str(self.page)))
        if self.page_size != 20:
            pairs.append(("page_size", str(self.page_size)))
        if self.all_of:
            pairs.append(("all_of", self.all_of))
        return pairs

    def to_url(self) -> str:
        """Returns the permanent link of this request."""
        pairs = self.parameters()
        return f"/s?{urlencode(pairs)}" if pairs else "/s"

    def with_filter(self, key: str, value: str) -> SearchRequest:
        """Returns the first page of this request with a value of a facet added, or removed if it is there."""
        values = self.filters.get(key, ())
        changed = tuple(v for v in values if v != value) if value in values else (*values, value)
        filters = {k: v for k, v in {**self.filters, key: changed}.items() if v}
        return dataclasses.replace(self, filters=filters, page=1)

    def on_page(self, page: int) -> SearchRequest:
        """Returns the request for another page of the same results."""
        return dataclasses.replace(self, page=page)

    def sorted_by(self, sort: str) -> SearchRequest:
        """Returns the request for the first page of the same results in another order."""
        return dataclasses.replace(self, sort=sort, page=1)


def _size(text: str) -> int:
    try:
        return min(parse_size(text), _LARGEST_SIZE)
    except ValueError as error:
        raise FormatError(
            f"Expected a size such as 100MB, got {text!r:.100}.", hint="Units: KB, MB, GB, KiB, MiB, GiB."
        ) from error


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0", "yes", "no"}:
        raise FormatError(f"Expected true or false, got {text!r:.100}.", hint="For example trainable=true.")
    return text.lower() in {"true", "1", "yes"}


def _facet(text: str) -> str:
    if text not in FACET_KEYS:
        raise FormatError(f"Expected a facet, got {text!r:.100}.", hint=f"One of {', '.join(FACET_KEYS)}.")
    return text


def _sort(text: str) -> str:
    if text not in SORTS:
        raise FormatError(
            f"Expected an order of the results, got {text!r:.100}.", hint=f"One of {', '.join(SORTS)}."
        )
    return text


def _number(text: str, limit: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 13) or not 1 <= int(text) <= limit:
        raise FormatError(f"Expected a number from 1 to {limit}, got {text!r:.100}.", hint="For example 1.")
    return int(text)


@dataclasses.dataclass(frozen=True)
class _Parameter:
    """A parameter of a search URL other than a facet: type, description, field and parser."""

    type: Any
    meaning: str
    field: str
    parse: Callable[[str], object]


_PARAMETERS: dict[str, _Parameter] = {
    "q": _Parameter(str, "Words; typing errors are corrected.", "text", lambda text: text[:MAX_QUERY]),
    "max_size": _Parameter(str, "Largest size, in bytes or for example 100MB.", "max_size", _size),
    "trainable": _Parameter(
        bool, "true: only models with trainable variables; false: only models without.", "trainable", _flag
    ),
    "custom_ops": _Parameter(
        bool, "true: only models with custom ops; false: only models without.", "custom_ops", _flag
    ),
    "sort": _Parameter(Literal[SORTS], "The order of the results.", "sort", _sort),
    "page": _Parameter(
        Annotated[int, Meta(ge=1, le=MAX_RESULTS)],
        "The page of the results, from 1.",
        "page",
        lambda text: _number(text, MAX_RESULTS),
    ),
    "page_size": _Parameter(
        Annotated[int, Meta(ge=1, le=MAX_PAGE_SIZE)],
        "Results on a page.",
        "page_size",
        lambda text: _number(text, MAX_PAGE_SIZE),
    ),
    "all_of": _Parameter(
        Literal[FACET_KEYS],
        "A facet of which all values are counted, not only the commonest.",
        "all_of",
        _facet,
    ),
    "facets": _Parameter(bool, "false: do not count the facets.", "with_facets", _flag),
}


def _described() -> type[Parameters]:
    """Returns the parameters as a structure, for the description of the API."""
    of_facet = Annotated[list[str], Meta(max_length=20)]
    facets = {
        facet.key: (of_facet, f"{facet.label}. If repeated, a model needs only one of the values.")
        for facet in FACETS
        if facet.key != "interface"
    }
    interface = (str, "A name such as text-embedding, or types such as 'string -> float32[512]'.")
    others = {key: (parameter.type, parameter.meaning) for key, parameter in _PARAMETERS.items()}
    every = {**facets, "interface": interface, **others}
    fields = [
        (key, Annotated[kind, Meta(description=text)] | UnsetType, UNSET)
        for key, (kind, text) in every.items()
    ]
    made = msgspec.defstruct("SearchParameters", fields, bases=(Parameters,), frozen=True)
    return cast("type[Parameters]", made)


SearchRequest.described = _described()
