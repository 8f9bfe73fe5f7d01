"""The full-text index: a Tantivy index in a folder, shared by the processes of one machine.

Text fields contain stems of words. `all` has every word of a document, and decides which documents match.
`name`, `facet_words` (names of the values of facets), `also_called` (synonyms of these values) and
`description` decide the order together with `all`. `spelling` has whole words, to correct typing errors.
Models whose handles start with the same two parts have the same number in `beginning`. Each facet is a field
with its exact values.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import shutil
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.card.facets import FACETS, label
from tensorflow_hub.server.search.document import SearchDocument
from tensorflow_hub.server.search.signatures import Interface, parse_interface
from tensorflow_hub.server.search.words import WORDS, name_words, stem, words

# One of so many documents has the flag `sample`. If very many documents match, only these are counted.
SAMPLING = 16
TEXT_FIELDS = ("all", "name", "facet_words", "also_called", "description")
TERM_FIELDS = ("handle", "title", "flag")
NUMBER_FIELDS = ("id", "static", "beginning", "quality", "downloads", "published", "bytes")
# How many words of a card are indexed. More words need disk space and do not make better results.
_CARD_WORDS = 600
_BULK_MEMORY, _UPDATE_MEMORY = 128_000_000, 16_000_000
_MOST_SIGNATURES = 20_000
_MOST_KEPT = 300
# To be raised when the code makes other documents from the same catalogue.
_RULES = 5


@functools.cache
def _also_called() -> Mapping[tuple[str, str], str]:
    """Returns (facet, value) → synonyms (`also_called.tsv`).

    Cards do not say that a photo is an image. Each model with the value gets the synonyms as words, so
    searches need no list of synonyms.

    >>> _also_called()["task", "image-text-recognition"]
    'ocr'
    """
    text = resources.files(__package__).joinpath("also_called.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {(facet, value): words for facet, value, words in rows}


# Identifies the fields and their content. An index with another layout is built again.
LAYOUT = zlib.crc32(
    repr(
        (
            [(facet.key, facet.label, dict(facet.names), facet.is_searched) for facet in FACETS],
            [(facet.is_phrase, facet.card_field) for facet in FACETS],
            (TEXT_FIELDS, TERM_FIELDS, NUMBER_FIELDS, SAMPLING, _CARD_WORDS, _RULES),
            (WORDS, _also_called()),
        )
    ).encode()
)

Kept = TypeVar("Kept")


class SearchIndex:
    """The index in a folder; created if it is missing.

    Args:
      folder: the folder of its files; emptied if they cannot be read.

    Attributes:
      schema: the fields.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.schema = _schema()
        self._kept: dict[Hashable, Any] = {}
        self._index = self._open()

    def searcher(self) -> tantivy.Searcher:
        """Returns a view of the index as of the last commit or reload."""
        return self._index.searcher()

    def reload(self) -> None:
        """Reads the commits of other processes."""
        self._index.reload()
        self._kept = {}

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Returns the result of `make`, which is cached until the index changes."""
        kept = self._kept  # a result that is made while the index changes must not enter the next cache
        value: Kept | None = kept.get(key)
        if value is None:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            value = kept[key] = make()
        return value

    def signatures(self) -> list[tuple[str, Interface]]:
        """Returns the different typed interfaces of all models; they are few, even in a large catalogue."""
        return self.kept("signatures", self._read_signatures)

    def clear(self) -> None:
        """Starts again with an empty index."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._index = self._open()
        self._kept = {}

    @contextlib.contextmanager
    def changing(self, *, bulk: bool = False) -> Iterator[IndexChange]:
        """Opens a change, which is committed at the end of the block. The caller holds the lock."""
        memory = _BULK_MEMORY if bulk else _UPDATE_MEMORY
        writer = self._index.writer(memory, 1)
        try:
            yield IndexChange(self, writer)
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()  # this also releases Tantivy's lock of the folder
        self.reload()

    def _read_signatures(self) -> list[tuple[str, Interface]]:
        searcher = self.searcher()
        terms = {"signature": {"terms": {"field": "signature", "size": _MOST_SIGNATURES}}}
        query = tantivy.Query.all_query()
        found = searcher.aggregate(query, terms)["signature"]["buckets"] if searcher.num_docs else []
        known = []
        for bucket in found:
            with contextlib.suppress(FormatError):
                known.append((bucket["key"], parse_interface(bucket["key"])))
        return known

    def _open(self) -> tantivy.Index:
        if not (self.folder / "meta.json").is_file():
            shutil.rmtree(self.folder, ignore_errors=True)  # the rest of an index without its main file
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            index = tantivy.Index(self.schema, str(self.folder))
        except ValueError:  # it has another schema, or is damaged
            shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True)
            index = tantivy.Index(self.schema, str(self.folder))
        return index


class IndexChange:
    """Adds and removes documents in one commit."""

    def __init__(self, index: SearchIndex, writer: Any) -> None:
        self._index = index
        self._writer = writer

    def put(self, document: SearchDocument, *, is_new: bool = False) -> None:
        """Adds a document, and replaces the one with the same id unless `is_new`."""
        if not is_new:
            self.remove(document.id)
        fields = _fields(document)
        self._writer.add_document(tantivy.Document.from_dict(fields, self._index.schema))

    def remove(self, id: int) -> None:
        """Removes a document."""
        self._writer.delete_documents_by_query(tantivy.Query.term_query(self._index.schema, "id", id))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in TEXT_FIELDS:
        stored = name != "all"
        builder.add_text_field(name, stored=stored, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("spelling", stored=True, tokenizer_name="whitespace", index_option="basic")
    for facet in FACETS:
        builder.add_text_field(facet.key, fast=True, tokenizer_name="raw", index_option="basic")
    for name in TERM_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("signature", fast=True, tokenizer_name="raw", index_option="basic")
    for name in NUMBER_FIELDS:
        indexed = name in {"id", "bytes"}
        builder.add_unsigned_field(name, stored=name == "id", indexed=indexed, fast=True)
    return builder.build()


def _fields(document: SearchDocument) -> dict[str, Any]:
    name = name_words(document.handle)
    # Numbers and single letters are left out of the name, because BM25 gives long fields a lower score.
    numbers = [word for word in name if not word.isalpha() or len(word) == 1]
    values = _searched_values(document.facets)
    facet_words = [*_unique(_words_of(*value) for value in values), *numbers]
    others = _unique(words(_also_called().get(value, "")) for value in values)
    description = words(document.description)
    card = words(document.card)[:_CARD_WORDS]
    every = [*name, *facet_words, *others, *description, *card]
    # Words of the name, the facets and the description count more often: this field chooses the best hits.
    weighted = [*name * 3, *facet_words * 2, *description * 2, *others, *card]
    used = [f"used-{power}" for power in range(3, document.power_of_downloads + 1)]
    # By the name and not by the id: which id a model has depends on all others, also on private ones.
    sampled = ["sample"] if zlib.crc32(document.handle.encode()) % SAMPLING == 0 else []
    return {
        "id": document.id,
        "handle": document.handle,
        "title": " ".join(words(document.handle.partition("/")[2])),
        "name": _stems(word for word in name if word not in numbers),
        "facet_words": _stems(facet_words),
        "also_called": _stems(others),
        "description": _stems(description),
        "all": _stems(weighted),
        "spelling": " ".join(_spelling(every)),
        "signature": list(document.interfaces),
        "flag": [*document.flags, *used, *sampled, *(["here"] if document.size is not None else [])],
        "static": round(10 * document.static_score),
        "beginning": zlib.crc32("/".join(document.handle.split("/")[:2]).encode()),
        "quality": document.quality,
        "downloads": document.downloads,
        "published": document.published_at,
        **({} if document.size is None else {"bytes": document.size}),
        **{key: list(values) for key, values in document.facets.items()},
    }


def _searched_values(facets: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Returns pairs (facet, value) of the facets whose values are searched as words."""
    return [
        (facet.key, value) for facet in FACETS if facet.is_searched for value in facets.get(facet.key, ())
    ]


@functools.lru_cache(maxsize=20_000)
def _words_of(key: str, value: str) -> tuple[str, ...]:
    return tuple(words(label(key, value)))


def _unique(groups: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(itertools.chain.from_iterable(groups)))


def _stems(words: Iterable[str]) -> str:
    return " ".join(map(stem, words))


def _spelling(every: Iterable[str]) -> list[str]:
    """Returns the words that may replace misspelt ones."""
    return sorted({word for word in set(every) if 4 <= len(word) <= 30 and word.isalpha()})
