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
from tensorflow_hub.format.module.signature_types import SignatureType, parse_wanted_types
from tensorflow_hub.server.core.problems import Malformed
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
    interface: SignatureType | None = None
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
          Malformed: a value is not valid; says what was expected.

        >>> SearchRequest.parse([("q", "bert"), ("task", "text-embedding")]).to_url()
        '/s?q=bert&task=text-embedding'
        """
        filters: dict[str, list[str]] = {}
        fields: dict[str, object] = {}
        for key, text in ((key, value.strip()) for key, value in parameters):
            if text and key in FACET_KEYS and (key != "interface" or text in INTERFACES):
                filters.setdefault(key, []).append(text[:100])
            elif text and key in _PARAMETERS:
                fields[_PARAMETERS[key].field or key] = _value(key, text)
        unique = {key: tuple(dict.fromkeys(values))[:20] for key, values in filters.items()}
        return cls(filters=unique, **fields)  # type: ignore[arg-type]

    def parameters(self) -> list[tuple[str, str]]:
        """Returns the parameters of the URL of this request, without those that have their default."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(key, value) for key in FACET_KEYS for value in self.filters.get(key, ())]
        for key, parameter in _PARAMETERS.items():
            if not parameter.field and (value := getattr(self, key)) != getattr(SearchRequest, key):
                pairs.append((key, str(value).lower() if isinstance(value, bool) else str(value)))
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


def _value(key: str, text: str) -> object:
    """Returns the value of a parameter other than a facet.

    Raises:
      Malformed: `text` is not valid.
    """
    parameter = _PARAMETERS[key]
    try:
        if parameter.parse:
            return parameter.parse(text)
        return msgspec.convert(text, parameter.type, strict=False)
    except FormatError as error:
        raise Malformed(f"The parameter {key!r} cannot be used. {error.problem}", hint=error.hint) from error
    except msgspec.ValidationError as error:
        problem = f"The parameter {key!r} cannot be used. Expected {parameter.expected}, got {text!r:.100}."
        raise Malformed(problem, hint=parameter.meaning) from error


def _size(text: str) -> int:
    try:
        return min(parse_size(text), _LARGEST_SIZE)
    except ValueError as error:
        raise FormatError(
            f"Expected a size such as 100MB, got {text!r:.100}.", hint="Units: KB, MB, GB, KiB, MiB, GiB."
        ) from error


@dataclasses.dataclass(frozen=True)
class _Parameter:
    """A parameter of a search URL other than the values of a facet.

    Attributes:
      type: its type, with the limits of its values.
      meaning: what it is for.
      expected: the valid values, for messages.
      parse: a function that returns its value, if a conversion to `type` is not enough.
      field: the field of `SearchRequest`; "" if it has the same name, and is part of permanent links.
    """

    type: Any
    meaning: str
    expected: str = "true or false"
    parse: Callable[[str], object] | None = None
    field: str = ""


def _one_of(values: tuple[str, ...], meaning: str) -> _Parameter:
    return _Parameter(Literal[values], meaning, f"one of {', '.join(values)}")


def _number(limit: int, meaning: str) -> _Parameter:
    return _Parameter(Annotated[int, Meta(ge=1, le=limit)], meaning, f"a number from 1 to {limit}")


_PARAMETERS: dict[str, _Parameter] = {
    "interface": _Parameter(
        str,
        "A name such as text-embedding, or types such as 'string -> float32[512]'.",
        parse=parse_wanted_types,
    ),
    "q": _Parameter(
        str, "Words; typing errors are corrected.", parse=lambda text: text[:MAX_QUERY], field="text"
    ),
    "max_size": _Parameter(str, "Largest size, in bytes or for example 100MB.", parse=_size),
    "trainable": _Parameter(bool, "true: only models with trainable variables; false: only models without."),
    "custom_ops": _Parameter(bool, "true: only models with custom ops; false: only models without."),
    "sort": _one_of(SORTS, "The order of the results."),
    "page": _number(MAX_RESULTS, "The page of the results, from 1."),
    "page_size": _number(MAX_PAGE_SIZE, "Results on a page."),
    "all_of": _one_of(FACET_KEYS, "A facet of which all values are counted, not only the commonest."),
    "facets": _Parameter(bool, "false: do not count the facets.", field="with_facets"),
}


def _described() -> type[Parameters]:
    """Returns the parameters as a structure, for the description of the API."""
    of_facet = Annotated[list[str], Meta(max_length=20)]
    every: dict[str, tuple[Any, str]] = {
        facet.key: (of_facet, f"{facet.label}. If repeated, a model needs only one of the values.")
        for facet in FACETS
    }
    every |= {key: (parameter.type, parameter.meaning) for key, parameter in _PARAMETERS.items()}
    fields = [
        (key, Annotated[kind, Meta(description=text)] | UnsetType, UNSET)
        for key, (kind, text) in every.items()
    ]
    made = msgspec.defstruct("SearchParameters", fields, bases=(Parameters,), frozen=True)
    return cast("type[Parameters]", made)


SearchRequest.described = _described()
