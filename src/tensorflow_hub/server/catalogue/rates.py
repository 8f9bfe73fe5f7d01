"""How often something may happen, counted for all processes of a hub: token buckets in the catalogue."""

from __future__ import annotations

import dataclasses
import time

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tensorflow_hub.server.catalogue.tables import rate_limits


@dataclasses.dataclass(frozen=True)
class Rate:
    """`count` events per `seconds`, spread evenly, in bursts of up to `count`."""

    count: int
    seconds: float


def take(connection: sa.Connection, key: str, rate: Rate, wanted: int) -> tuple[int, float]:
    """Takes up to `wanted` events out of the bucket `key`, in the transaction of `connection`.

    Returns:
      How many there were, and the seconds until there is one where there was none.
    """
    is_postgresql = connection.dialect.name == "postgresql"
    insert = (postgresql if is_postgresql else sqlite).insert(rate_limits)
    # A full bucket for a new key; then its row is locked, on SQLite with the whole database.
    now = _now(connection)
    connection.execute(
        insert.on_conflict_do_nothing(), {"key": key, "remaining": float(rate.count), "at": now}
    )
    bucket = sa.select(rate_limits.c.remaining, rate_limits.c.at).where(rate_limits.c.key == key)
    left, at = connection.execute(bucket.with_for_update()).one()
    left = min(float(rate.count), left + max(0.0, now - at) * rate.count / rate.seconds)
    taken = min(wanted, int(left))
    connection.execute(
        sa.update(rate_limits).where(rate_limits.c.key == key).values(remaining=left - taken, at=max(now, at))
    )
    return taken, 0.0 if taken else (1 - left) * rate.seconds / rate.count


def forget_full(connection: sa.Connection, longest: float) -> None:
    """Removes the buckets that were not asked for in the `longest` time that one takes to fill."""
    connection.execute(sa.delete(rate_limits).where(rate_limits.c.at < _now(connection) - longest))


def _now(connection: sa.Connection) -> float:
    """Seconds since 1970 by the database's clock: those of several machines differ."""
    if connection.dialect.name != "postgresql":
        return time.time()
    return float(connection.execute(sa.select(sa.extract("epoch", sa.func.clock_timestamp()))).scalar_one())
