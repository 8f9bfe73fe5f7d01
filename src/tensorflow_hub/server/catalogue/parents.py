"""Parent models: the card of a TFLite file, for example, names the model that it was converted from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.records import VISIBLE
from tensorflow_hub.server.catalogue.tables import cards, models, publishers, versions

_NUMBER = re.compile(r"/(\d{1,9})$")


def tasks_of_parents(
    connection: sa.Connection, parents: Iterable[str], audience: Audience
) -> dict[str, Sequence[str]]:
    """Returns the tasks on the cards of parents that the audience may read, by handle of the parent.

    Args:
      connection: to the catalogue.
      parents: the handles of versions, or of models, which mean their latest version.
      audience: who reads.
    """
    requested = set(parents)
    query = (
        sa.select(models.c.handle, models.c.latest, versions.c.number, cards.c.metadata)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .join(versions, versions.c.model_id == models.c.id)
        .join(cards, cards.c.version_id == versions.c.id)
        .where(models.c.handle.in_({_NUMBER.sub("", parent) for parent in requested} | requested))
        .where(versions.c.state == VISIBLE, audience.condition())
    )
    found: dict[str, Sequence[str]] = {}
    for row in connection.execute(query) if requested else ():
        tasks = (row.metadata or {}).get("task", ())
        names = [f"{row.handle}/{row.number}", *([row.handle] if row.number == row.latest else [])]
        found |= {name: tasks for name in names if name in requested and tasks}
    return found


def with_task(
    metadata: Mapping[str, Sequence[str]], parent: str | None, tasks: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[str]]:
    """Returns the fields of a card. If they have no task, the tasks of the parent are added.

    >>> with_task({"license": ["mit"]}, "acme/words/1", {"acme/words/1": ["text-embedding"]})["task"]
    ['text-embedding']
    """
    if parent is None or metadata.get("task") or parent not in tasks:
        return metadata
    return {**metadata, "task": tasks[parent]}


def parents_and_children(connection: sa.Connection, model_ids: Sequence[int]) -> list[int]:
    """Returns the ids of the models that are parents or children of the given ones."""
    rows = connection.execute(sa.select(models.c.handle, models.c.latest).where(models.c.id.in_(model_ids)))
    names = [name for row in rows for name in (row.handle, f"{row.handle}/{row.latest}")]
    children = connection.execute(
        sa.select(versions.c.model_id).where(versions.c.parent.in_(names)).distinct()
    ).scalars()
    parents = set(
        connection.execute(
            sa.select(versions.c.parent).where(
                versions.c.model_id.in_(model_ids), versions.c.parent.is_not(None)
            )
        ).scalars()
    )
    handles = {_NUMBER.sub("", parent) for parent in parents} | parents
    known = connection.execute(sa.select(models.c.id).where(models.c.handle.in_(handles))).scalars()
    return list(dict.fromkeys([*children, *known]))
