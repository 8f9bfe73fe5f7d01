"""Models in lists: name, description and a line of properties."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from tensorflow_hub.format.card.facets import label
from tensorflow_hub.server.catalogue.audience import PUBLIC, Audience
from tensorflow_hub.server.search.documents import SearchDocument, documents_of
from tensorflow_hub.server.web.cards import plain_text
from tensorflow_hub.server.web.rendering import show_count, show_day, show_size


@dataclasses.dataclass(frozen=True)
class Value:
    """A value of a facet: its label, the number of models, the URL that adds or removes it as a filter."""

    value: str
    label: str
    count: int = 0
    url: str = ""
    on: bool = False


@dataclasses.dataclass(frozen=True)
class ListedModel:
    """A model in a list."""

    handle: str
    version: int
    kind: str
    summary: str
    tasks: tuple[Value, ...]
    formats: tuple[Value, ...]
    size: str
    downloads: str
    licence: str
    date: str
    private: bool

    @property
    def kind_label(self) -> str:
        """The label of its kind; "" for an ordinary model."""
        return label("kind", self.kind) if self.kind in {"placeholder", "collection"} else ""


def listed(document: SearchDocument) -> ListedModel:
    """Returns the model in a list for a document of the search index."""
    return ListedModel(
        document.handle,
        document.version,
        document.kind,
        plain_text(document.description, 220),
        values("task", document.facets.get("task", ())),
        values("format", document.facets.get("format", ())),
        show_size(document.size),
        show_count(document.downloads, "download") if document.downloads else "",
        next((label("license", value) for value in document.facets.get("license", ())), ""),
        show_day(document.published_at) if document.published_at else "",
        document.private,
    )


def load_listed(
    connection: sa.Connection, ids: Sequence[int], audience: Audience = PUBLIC
) -> list[ListedModel]:
    """Returns the models with those ids, in the same order.

    Models that were removed in the meantime, or that the audience may not read, are left out.
    """
    return [listed(document) for document in load_documents(connection, ids, audience)]


def load_documents(
    connection: sa.Connection, ids: Sequence[int], audience: Audience = PUBLIC
) -> list[SearchDocument]:
    """Returns the search documents of those models that the audience may read, in the order of the ids."""
    if not ids:
        return []
    found = {document.id: document for document in documents_of(connection, ids, audience)}
    return [found[id_] for id_ in ids if id_ in found]


def values(key: str, texts: Iterable[str]) -> tuple[Value, ...]:
    """Returns values of a facet with their labels."""
    return tuple(Value(text, label(key, text)) for text in texts)
