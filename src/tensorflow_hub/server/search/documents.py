"""Makes the search documents of models from the rows of the catalogue."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.format.card.facets import FACETS, Entry, format_of
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.parents import tasks_of_parents, with_task
from tensorflow_hub.server.catalogue.records import DOCUMENTED, VISIBLE
from tensorflow_hub.server.catalogue.tables import cards, deployments, models, publishers, versions
from tensorflow_hub.server.search.document import SearchDocument
from tensorflow_hub.server.search.module_properties import properties_of

_CHUNK = 1000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

_select = (
    sa.select(
        models.c.id,
        models.c.handle,
        models.c.kind,
        models.c.latest,
        models.c.downloads,
        publishers.c.private,
        versions.c.id.label("version_id"),
        versions.c.published_at,
        versions.c.published_by,
        versions.c.parent,
        cards.c.text,
        cards.c.description,
        cards.c.metadata,
    )
    .join(publishers, models.c.publisher_id == publishers.c.id)
    .join(versions, sa.and_(versions.c.model_id == models.c.id, versions.c.number == models.c.latest))
    .outerjoin(cards, cards.c.version_id == versions.c.id)
)


def all_documents(connection: sa.Connection, audience: Audience) -> Iterator[SearchDocument]:
    """Yields the document of each model that has a version which the audience may see."""
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
    """Returns the documents of models; none for a model without a version that the audience may see."""
    rows = connection.execute(_select.where(models.c.id.in_(ids), audience.condition())).all()
    described = _descriptions(connection, [row.version_id for row in rows])
    children = _formats_of_children(connection, [f"{row.handle}/{row.latest}" for row in rows], audience)
    tasks = tasks_of_parents(connection, {row.parent for row in rows if row.parent}, audience)
    return [
        _document(
            row,
            with_task(row.metadata or {}, row.parent, tasks),
            described[row.version_id],
            children[f"{row.handle}/{row.latest}"],
        )
        for row in rows
    ]


def _document(
    row: Any, metadata: Mapping[str, Sequence[str]], described: Sequence[Any], children: set[str]
) -> SearchDocument:
    properties = properties_of([deployment.description for deployment in described])
    sizes = {deployment.kind: deployment.unpacked_size for deployment in described}
    size = next((sizes[name] for name in KIND_BY_NAME if name in sizes), None)
    entry = Entry(
        publisher=row.handle.partition("/")[0],
        kind=row.kind,
        metadata=metadata,
        deployments=[deployment.kind for deployment in described],
        formats=[*properties.formats, *sorted(children)],
        interfaces=properties.interfaces,
        fine_tunable=properties.fine_tunable,
        size=size,
    )
    return SearchDocument(
        id=row.id,
        handle=row.handle,
        version=row.latest,
        kind=row.kind,
        description=row.description or "",
        card=_COMMENT.sub(" ", row.text or ""),
        facets={facet.key: facet.of(entry) for facet in FACETS},
        interfaces=properties.signatures,
        flags=properties.flags,
        size=size,
        downloads=row.downloads,
        published_at=0 if row.published_by == DOCUMENTED else row.published_at,
        private=row.private,
    )


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
    """Returns handle of a version → formats of its children, the entries that name it as their parent."""
    found: dict[str, set[str]] = defaultdict(set)
    query = (
        sa.select(versions.c.parent, models.c.kind, cards.c.metadata)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .outerjoin(cards, cards.c.version_id == versions.c.id)
        .where(versions.c.state == VISIBLE, versions.c.parent.in_(handles), audience.condition())
    )
    for parent, kind, metadata in connection.execute(query):
        found[parent] |= {*(metadata or {}).get("format", ()), format_of(KIND_BY_CARD.get(kind))}
    return found
