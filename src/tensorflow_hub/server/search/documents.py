"""Rows of the catalogue → what search knows of a model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.format.kinds.kind import DeploymentKind
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.format.vocabulary import known_values
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.records import VISIBLE
from tensorflow_hub.server.catalogue.tables import cards, deployments, models, publishers, versions
from tensorflow_hub.server.search.document import SearchDocument
from tensorflow_hub.server.search.labels import label
from tensorflow_hub.server.search.typed_facts import TypedFacts, typed_facts

_CHUNK = 1000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

# Facet → the keys of a card that fill it.
_CARD_KEYS: dict[str, tuple[str, ...]] = {
    "task": ("task", "module-type"),
    "language": ("language",),
    "architecture": ("network-architecture",),
    "dataset": ("dataset",),
    "license": ("license",),
    "fine_tunable": ("fine-tunable",),
}

_select = (
    sa.select(
        models.c.id,
        models.c.handle,
        models.c.kind,
        models.c.newest,
        models.c.downloads,
        versions.c.id.label("version_id"),
        versions.c.published_at,
        cards.c.text,
        cards.c.description,
        cards.c.metadata,
    )
    .join(publishers, models.c.publisher_id == publishers.c.id)
    .join(versions, sa.and_(versions.c.model_id == models.c.id, versions.c.number == models.c.newest))
    .outerjoin(cards, cards.c.version_id == versions.c.id)
)


def all_documents(connection: sa.Connection, audience: Audience) -> Iterator[SearchDocument]:
    """A document for each model that has a version to show to the audience."""
    last = 0
    while True:
        ids = connection.execute(
            sa.select(models.c.id).where(models.c.id > last).order_by(models.c.id).limit(_CHUNK)
        ).scalars()
        chunk = list(ids)
        if not chunk:
            return
        yield from documents_of(connection, chunk, audience)
        last = chunk[-1]


def documents_of(connection: sa.Connection, ids: Sequence[int], audience: Audience) -> list[SearchDocument]:
    """The documents of those models; none for a model without a version to show to the audience."""
    rows = connection.execute(_select.where(models.c.id.in_(ids), audience.condition())).all()
    described = _descriptions(connection, [row.version_id for row in rows])
    children = _formats_of_children(connection, [f"{row.handle}/{row.newest}" for row in rows], audience)
    return [_document(row, described[row.version_id], children[f"{row.handle}/{row.newest}"]) for row in rows]


def _document(row: Any, described: Sequence[Any], children: set[str]) -> SearchDocument:
    metadata: Mapping[str, Sequence[str]] = row.metadata or {}
    facts = typed_facts([deployment.description for deployment in described])
    facets = _facets(metadata, row.kind, [deployment.kind for deployment in described], facts, children)
    return SearchDocument(
        id=row.id,
        handle=row.handle,
        version=row.newest,
        kind=row.kind,
        description=row.description or "",
        card=_COMMENT.sub(" ", row.text or ""),
        facets=facets,
        labels=_labels(facets),
        interfaces=facts.signatures,
        flags=facts.flags,
        size=sum(deployment.unpacked_size for deployment in described) if described else None,
        downloads=row.downloads,
        published_at=row.published_at,
    )


def _facets(
    metadata: Mapping[str, Sequence[str]],
    kind: str,
    kinds: Iterable[str],
    facts: TypedFacts,
    children: set[str],
) -> dict[str, tuple[str, ...]]:
    found = {
        facet: _unique(value.strip().lower() for key in keys for value in metadata.get(key, ()))
        for facet, keys in _CARD_KEYS.items()
    }
    found["domain"] = _unique(domain for task in found["task"] for domain in _domains(task))
    of_files = [_format(KIND_BY_NAME[name]) for name in kinds]
    of_card = _format(KIND_BY_CARD.get(kind))
    found["format"] = _unique(
        [*metadata.get("format", ()), *of_files, *facts.formats, of_card, *sorted(children)]
    )
    found["interface"] = facts.interfaces
    found["kind"] = (kind,)
    if not found["fine_tunable"] and facts.fine_tunable is not None:
        found["fine_tunable"] = ("true" if facts.fine_tunable else "false",)
    return found


def _format(kind: DeploymentKind | None) -> str:
    """The format that a form of a model is; "" for models themselves, which may be of several."""
    return "" if kind is None or kind.is_model else kind.format_of("")


def _domains(task: str) -> tuple[str, ...]:
    known = known_values("task").get(task)
    return known.domains if known and known.domains else (task.split("-", 1)[0],)


def _labels(facets: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    keys = ("task", "language", "architecture", "dataset")
    return _unique(label(key, value) for key in keys for value in facets.get(key, ()))


def _descriptions(connection: sa.Connection, version_ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    query = sa.select(
        deployments.c.version_id, deployments.c.kind, deployments.c.description, deployments.c.unpacked_size
    ).where(deployments.c.version_id.in_(version_ids))
    for row in connection.execute(query.order_by(deployments.c.id)):
        found[row.version_id].append(row)
    return found


def _formats_of_children(
    connection: sa.Connection, handles: Sequence[str], audience: Audience
) -> dict[str, set[str]]:
    """Handle of a version → formats of those entries for the audience whose cards name it as their parent."""
    found: dict[str, set[str]] = defaultdict(set)
    query = (
        sa.select(versions.c.parent, models.c.kind, cards.c.metadata)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .outerjoin(cards, cards.c.version_id == versions.c.id)
        .where(versions.c.state == VISIBLE, versions.c.parent.in_(handles), audience.condition())
    )
    for parent, kind, metadata in connection.execute(query):
        found[parent] |= {*(metadata or {}).get("format", ()), _format(KIND_BY_CARD.get(kind))}
    return found


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
