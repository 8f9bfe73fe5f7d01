"""The full-text index: a Tantivy index in a folder, shared by the processes of one machine.

Text fields contain stems of words. `all` has every word of a document, and decides which documents match.
`name`, `facet_words` (names of the values of facets), `also_called` (synonyms of these values) and
`description` decide the order together with `all`. `spelling` has whole words, to correct typing errors.
Models whose handles start with the same two parts have the same number in `beginning`. Each facet is a field
with its exact values, and `title` has the words of the name, and of the handle, as one value.
"""

from __future__ import annotations

import contextlib
import shutil
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format import kinds
from tensorflow_hub.format.card import facets
from tensorflow_hub.format.card.facets import FACET_KEYS, FACETS
from tensorflow_hub.format.module import signature_types
from tensorflow_hub.format.module.signature_types import SignatureType, parse_types
from tensorflow_hub.server.search.documents import SearchDocument
from tensorflow_hub.server.search.words import name_words, stem, words

TEXT_FIELDS = ("all", "name", "facet_words", "also_called", "description", "spelling")
TERM_FIELDS = ("title", "flag", "signature", *FACET_KEYS)
NUMBER_FIELDS = ("id", "beginning", "downloads", "published", "bytes")
# How many words of a card are indexed. More words need disk space and do not make better results.
_CARD_WORDS = 600
_BULK_MEMORY, _UPDATE_MEMORY = 128_000_000, 16_000_000
_MOST_SIGNATURES = 20_000
_MOST_KEPT = 300

Kept = TypeVar("Kept")


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in TEXT_FIELDS:
        builder.add_text_field(name, stored=name != "all", tokenizer_name="whitespace", index_option="freq")
    for name in TERM_FIELDS:
        is_counted = name in FACET_KEYS
        builder.add_text_field(name, fast=is_counted, tokenizer_name="raw", index_option="basic")
    for name in NUMBER_FIELDS:
        builder.add_unsigned_field(name, indexed=name in {"id", "bytes"}, fast=True)
    builder.add_float_field("weight", fast=True)
    return builder.build()


def _layout() -> int:
    """Returns a checksum of the files that decide what an index has of a catalogue."""
    of_cards = Path(facets.__file__).parent
    of_kinds = Path(kinds.__file__).parent
    folders = (Path(__file__).parent, of_cards, of_cards / "known_values", of_kinds)
    files = [file for folder in folders for file in sorted(folder.iterdir()) if file.is_file()]
    files.append(Path(signature_types.__file__))
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


# The fields of each index, and the number of their content: an index with another number is built again.
SCHEMA, LAYOUT = _schema(), _layout()


class SearchIndex:
    """The index in a folder; created if it is missing.

    Args:
      folder: the folder of its files; emptied if they cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[Hashable, Any] = {}
        try:
            if (folder / "meta.json").is_file():
                self._index = tantivy.Index(SCHEMA, str(folder))
                return
        except BaseException as error:  # a panic is no Exception
            if not is_damage(error):
                raise
        self.clear()

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

    def signatures(self) -> list[tuple[str, SignatureType]]:
        """Returns the different typed interfaces of all models; they are few, even in a large catalogue."""
        return self.kept("signatures", self._read_signatures)

    def clear(self) -> None:
        """Starts again with an empty index."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(SCHEMA, str(self.folder))
        self._kept = {}

    def change(
        self, documents: Iterable[SearchDocument], *, removed: Sequence[int] = (), bulk: bool = False
    ) -> None:
        """Removes models, adds documents, and commits. The caller holds the lock.

        Args:
          documents: the new documents. Those that replace others have their ids in `removed`.
          removed: the ids of the models to remove first.
          bulk: whether they are many, which is faster with more memory.
        """
        writer = self._index.writer(_BULK_MEMORY if bulk else _UPDATE_MEMORY, 1)
        try:
            writer.delete_documents_by_query(tantivy.Query.term_set_query(SCHEMA, "id", list(removed)))
            for document in documents:
                writer.add_document(tantivy.Document.from_dict(_fields(document), SCHEMA))
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()  # this also releases Tantivy's lock of the folder
        self.reload()

    def _read_signatures(self) -> list[tuple[str, SignatureType]]:
        known = []
        for text, _ in self.searcher().terms_with_prefix("signature", "", limit=_MOST_SIGNATURES):
            with contextlib.suppress(FormatError):
                known.append((text, parse_types(text)))
        return known


def is_damage(error: BaseException) -> bool:
    """Whether Tantivy cannot read an index: it raises ValueError, also for another schema, or panics."""
    return isinstance(error, ValueError) or type(error).__name__ == "PanicException"


def _fields(document: SearchDocument) -> dict[str, Any]:
    searched = [
        (facet, value)
        for facet in FACETS
        if facet.is_searched
        for value in document.facets.get(facet.key, ())
    ]
    name = name_words(document.handle)
    # Numbers and single letters are left out of the name, because BM25 gives long fields a lower score.
    numbers = [word for word in name if not word.isalpha() or len(word) == 1]
    facet_words = [*_words(facet.label_of(value) for facet, value in searched), *numbers]
    others = _words(facet.also_called(value) for facet, value in searched)
    description = words(document.description)
    card = words(document.card)[:_CARD_WORDS]
    # Words of the name, the facets and the description count more often: this field chooses the best hits.
    every = [*name * 3, *facet_words * 2, *description * 2, *others, *card]
    spelling = sorted({word for word in every if 4 <= len(word) <= 30 and word.isalpha()})
    return {
        "id": document.id,
        "title": [" ".join(words(title)) for title in (document.handle, document.handle.partition("/")[2])],
        "name": _stems(word for word in name if word not in numbers),
        "facet_words": _stems(facet_words),
        "also_called": _stems(others),
        "description": _stems(description),
        "all": _stems(every),
        "spelling": " ".join(spelling),
        "signature": list(document.interfaces),
        "flag": [*document.flags, *(["here"] if document.size is not None else [])],
        "weight": document.weight,
        "beginning": zlib.crc32("/".join(document.handle.split("/")[:2]).encode()),
        "downloads": document.downloads,
        "published": document.published_at,
        **({} if document.size is None else {"bytes": document.size}),
        **{key: list(values) for key, values in document.facets.items()},
    }


def _words(texts: Iterable[str]) -> list[str]:
    """Returns the words of texts, each once."""
    return list(dict.fromkeys(word for text in texts for word in words(text)))


def _stems(words: Iterable[str]) -> str:
    return " ".join(map(stem, words))
