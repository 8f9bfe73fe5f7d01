"""The list of changed models, in the order in which the changes became visible.

Search keeps an index on each machine's disk; it reads on from the last change it knows. A number
that becomes visible before a smaller one would be missed, so writers take them one after another.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.tables import changes

# Any number; the same in each process.
_LOCK = 7_316_522

_newest = sa.select(changes.c.sequence, changes.c.at).order_by(changes.c.sequence.desc()).limit(1)
_at = sa.select(changes.c.at).where(changes.c.sequence == sa.bindparam("sequence"))
_after = (
    sa.select(changes.c.model_id)
    .where(changes.c.sequence > sa.bindparam("sequence"))
    .order_by(changes.c.sequence)
)


@dataclasses.dataclass(frozen=True)
class Change:
    """One entry of the list; `at` in microseconds since 1970."""

    sequence: int
    at: int


def record_changes(connection: sa.Connection, model_ids: Iterable[int]) -> None:
    """Notes that models changed: to be called as the last step of the transaction that changes them."""
    model_ids = list(model_ids)
    if not model_ids:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    newest = connection.execute(_newest).first()
    last = newest.sequence if newest else 0
    at = time.time_ns() // 1000
    rows = [
        {"sequence": sequence, "model_id": model_id, "at": at}
        for sequence, model_id in enumerate(model_ids, last + 1)
    ]
    connection.execute(sa.insert(changes), rows)


def newest_change(connection: sa.Connection) -> Change | None:
    """The last entry of the list."""
    row = connection.execute(_newest).first()
    return Change(row.sequence, row.at) if row else None


def has_change(connection: sa.Connection, change: Change) -> bool:
    """Whether the list has this very entry: not so in a catalogue restored from before it."""
    return connection.execute(_at, {"sequence": change.sequence}).scalar() == change.at


def changed_models(connection: sa.Connection, after: int) -> list[int]:
    """The models changed after the entry with that number, each once."""
    rows = connection.execute(_after, {"sequence": after})
    return list(dict.fromkeys(row.model_id for row in rows))
