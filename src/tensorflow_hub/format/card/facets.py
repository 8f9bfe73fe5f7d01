"""The facets of search: properties of models that results can be filtered by.

Each facet is a row of the table `FACETS`. The fields of the search index, the parameters of the API, the
filters of the pages, the options of the command line, and the rows of the page of a version come from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from tensorflow_hub.format.card.vocabulary import display_name, known_values
from tensorflow_hub.format.kinds.kind import DeploymentKind
from tensorflow_hub.format.kinds.table import FORMATS, KIND_BY_CARD, KIND_BY_FORMAT, KIND_BY_NAME, KINDS

# Upper limits in bytes of the values of the facet "size", with their names.
_SIZES = (
    ("under-1mb", 10**6, "Under 1 MB"),
    ("1-10mb", 10**7, "1 to 10 MB"),
    ("10-100mb", 10**8, "10 to 100 MB"),
    ("100mb-1gb", 10**9, "100 MB to 1 GB"),
    ("over-1gb", 2**63, "Over 1 GB"),
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """The data from which the values of a model's facets are computed.

    Attributes:
      publisher: the name of the publisher.
      kind: the kind in the title of its card: "module", "lite", ….
      metadata: the fields of its card.
      deployments: the names of the kinds of its deployments.
      formats: the formats of its files, and of models that name it as their parent.
      interfaces: the common interfaces that its files have.
      fine_tunable: whether its files can be trained further; None if that is not known.
      size: the size of the files in bytes; None if the hub does not have the files.
    """

    publisher: str = ""
    kind: str = "module"
    metadata: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    deployments: Sequence[str] = ()
    formats: Sequence[str] = ()
    interfaces: Sequence[str] = ()
    fine_tunable: bool | None = None
    size: int | None = None

    def field(self, name: str) -> list[str]:
        """The values of a field of the card in lower case, as filters have them."""
        return [value.strip().lower() for value in self.metadata.get(name, ())]


@dataclasses.dataclass(frozen=True)
class Facet:
    """One facet.

    Attributes:
      key: the name of its URL parameter, of its field in the index, and of its option.
      label: its heading on pages.
      values: a function that returns the values of a model.
      card_field: the field of a card that has its values; "" if there is none. The page of a version shows
        these values, and how they changed.
      names: value → name for people, for values that are in no list of known values.
      synonyms: value → other words for it, for values that are in no list of known values.
      is_phrase: whether its values are words joined by hyphens.
      is_searched: whether full-text search finds its values and their names.
      is_open: whether the filter is expanded on a page of results.
      help: the help text of its option; "" if the command line has no such option, or a special one.
    """

    key: str
    label: str
    values: Callable[[Entry], Iterable[str]]
    card_field: str = ""
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    synonyms: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_phrase: bool = False
    is_searched: bool = False
    is_open: bool = False
    help: str = ""

    def label_of(self, value: str) -> str:
        """The name of a value for people."""
        shown = display_name(self.card_field, value) if self.card_field else value
        if shown != value:
            return shown
        if self.is_phrase and value not in self.names:
            return value.replace("-", " ").replace("_", " ").capitalize()
        return self.names.get(value, value)

    def also_called(self, value: str) -> str:
        """Other words for a value, which full-text search finds too."""
        known = known_values(self.card_field).get(value)
        return self.synonyms.get(value) or (known.also_called if known else "")

    def of(self, entry: Entry) -> tuple[str, ...]:
        """The values of a model, each once."""
        return tuple(dict.fromkeys(value for value in self.values(entry) if value))


def _of_field(name: str) -> Callable[[Entry], Iterable[str]]:
    return lambda entry: entry.field(name)


def _domains(entry: Entry) -> Iterable[str]:
    """The domains of the known tasks; for an unknown task its first word, if that is a domain."""
    tasks = known_values("task")
    known = {domain for task in tasks.values() for domain in task.domains}
    for task in entry.field("task"):
        if task in tasks:
            yield from tasks[task].domains
        elif (first := task.split("-", 1)[0]) in known:
            yield first


def _formats(entry: Entry) -> Iterable[str]:
    yield from entry.metadata.get("format", ())
    yield from (format_of(KIND_BY_NAME[name]) for name in entry.deployments)
    yield from entry.formats
    yield format_of(KIND_BY_CARD.get(entry.kind))


def format_of(kind: DeploymentKind | None) -> str:
    """The format of a deployment of this kind; "" for models themselves, which have several formats."""
    return "" if kind is None or kind.is_model else kind.format_of("")


def _fine_tunable(entry: Entry) -> Iterable[str]:
    known = "" if entry.fine_tunable is None else str(entry.fine_tunable).lower()
    return entry.field("fine-tunable") or [known]


def size_bucket(size: int | None) -> str:
    """The value of the facet "size".

    >>> size_bucket(5_000_000), size_bucket(None)
    ('1-10mb', 'absent')
    """
    return "absent" if size is None else next(name for name, limit, _ in _SIZES if size < limit)


FACETS: tuple[Facet, ...] = (
    Facet(
        "domain",
        "Domain",
        _domains,
        synonyms={
            "image": "photo picture",
            "text": "nlp document",
            "audio": "sound",
            "video": "movie",
        },
        is_phrase=True,
        is_searched=True,
        is_open=True,
        help="image, text, audio or video.",
    ),
    Facet(
        "task",
        "Task",
        _of_field("task"),
        card_field="task",
        is_phrase=True,
        is_searched=True,
        is_open=True,
        help="A task, such as text-embedding.",
    ),
    Facet(
        "format",
        "Format",
        _formats,
        card_field="format",
        names=FORMATS,
        synonyms={value: kind.also_called for value, kind in KIND_BY_FORMAT.items()},
        is_searched=True,
        is_open=True,
        help=f"{', '.join(FORMATS)}: TF1 modules are hub, TF2 ones saved_model_2.",
    ),
    Facet("publisher", "Publisher", lambda entry: [entry.publisher], help="A publisher."),
    Facet(
        "language",
        "Language",
        _of_field("language"),
        card_field="language",
        synonyms={"multilingual": "languages cross lingual"},
        is_searched=True,
        help="A language code, such as de.",
    ),
    Facet(
        "architecture",
        "Architecture",
        _of_field("network-architecture"),
        card_field="network-architecture",
        is_searched=True,
        help="A network architecture, such as bert.",
    ),
    Facet(
        "dataset",
        "Dataset",
        _of_field("dataset"),
        card_field="dataset",
        is_searched=True,
        help="A training dataset, such as imagenet.",
    ),
    Facet(
        "license",
        "Licence",
        _of_field("license"),
        card_field="license",
        help="A licence, such as apache-2.0.",
    ),
    Facet(
        "fine_tunable",
        "Fine-tunable",
        _fine_tunable,
        card_field="fine-tunable",
        names={"true": "Yes", "false": "No"},
    ),
    Facet("interface", "Interface", lambda entry: entry.interfaces, is_phrase=True, is_searched=True),
    Facet(
        "size",
        "Size",
        lambda entry: [size_bucket(entry.size)],
        names={"absent": "Files not here", **{name: label for name, _, label in _SIZES}},
    ),
    Facet(
        "kind",
        "Kind",
        lambda entry: [entry.kind],
        names={
            **{kind.card: "Model" if kind.is_model else f"{kind.label} deployment" for kind in KINDS},
            "placeholder": "Model family",
            "collection": "Collection",
        },
        help=f"{', '.join(KIND_BY_CARD)}, placeholder or collection.",
    ),
)
FACET_BY_KEY: Mapping[str, Facet] = {facet.key: facet for facet in FACETS}
FACET_KEYS = tuple(FACET_BY_KEY)
# Field of a card → the facet that has its values, in the order of the table.
FACET_BY_FIELD: Mapping[str, Facet] = {facet.card_field: facet for facet in FACETS if facet.card_field}


def label(key: str, value: str) -> str:
    """The name of a value of a facet for people.

    >>> label("language", "ja"), label("task", "image-classification"), label("format", "hub")
    ('Japanese', 'Image classification', 'TF1 Hub format')
    """
    return FACET_BY_KEY[key].label_of(value)
