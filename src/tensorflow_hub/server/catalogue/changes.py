"""The list of changed models, in the order in which the changes became visible.

Search has an index on the disk of each machine, and updates it from the last change that it has seen. It
would miss a change whose number becomes visible after a higher one, so a lock lets only one writer add
numbers at a time.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.tables import changes

# The key of the advisory lock of PostgreSQL: any number that nothing else uses.
_LOCK = 7_316_522

_latest = sa.select(changes.c.sequence, changes.c.at).order_by(changes.c.sequence.desc()).limit(1)
_at = sa.select(changes.c.at).where(changes.c.sequence == sa.bindparam("sequence"))
_after = (
    sa.select(changes.c.model_id)
    .where(changes.c.sequence > sa.bindparam("sequence"))
    .order_by(changes.c.sequence)
)


@dataclasses.dataclass(frozen=True)
class Change:
    """An entry of the list: its number, and when it was made, in microseconds since 1970."""

    sequence: int
    at: int


def record_changes(connection: sa.Connection, model_ids: Iterable[int]) -> None:
    """Adds models to the list. It has to be the last step of the transaction that changes them."""
    model_ids = list(model_ids)
    if not model_ids:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    latest = connection.execute(_latest).first()
    last = latest.sequence if latest else 0
    at = time.time_ns() // 1000
    rows = [
        {"sequence": sequence, "model_id": model_id, "at": at}
        for sequence, model_id in enumerate(model_ids, last + 1)
    ]
    connection.execute(sa.insert(changes), rows)


def latest_change(connection: sa.Connection) -> Change | None:
    """Returns the last entry of the list."""
    row = connection.execute(_latest).first()
    return Change(row.sequence, row.at) if row else None


def has_change(connection: sa.Connection, change: Change) -> bool:
    """Whether the list has exactly this entry. A catalogue restored from an older backup does not have it."""
    return connection.execute(_at, {"sequence": change.sequence}).scalar() == change.at


def changed_models(connection: sa.Connection, after: int) -> list[int]:
    """Returns the ids of models that changed after the entry with that number, each once."""
    rows = connection.execute(_after, {"sequence": after})
    return list(dict.fromkeys(row.model_id for row in rows))
