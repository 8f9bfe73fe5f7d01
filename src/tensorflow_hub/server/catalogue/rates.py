"""Rate limits that hold for all processes of a hub together: token buckets in the catalogue."""

from __future__ import annotations

import dataclasses
import time

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tensorflow_hub.server.catalogue.tables import rate_limits


@dataclasses.dataclass(frozen=True)
class Rate:
    """A limit of `count` events per `seconds`.

    The bucket fills evenly, and allows bursts of up to `count`.
    """

    count: int
    seconds: float


def take(connection: sa.Connection, key: str, rate: Rate, wanted: int) -> tuple[int, float]:
    """Takes up to `wanted` tokens out of the bucket `key`.

    Args:
      connection: a transaction of the catalogue.
      key: what is limited, and for whom: "requests 192.0.2.7".
      rate: the limit.
      wanted: how many events shall happen.

    Returns:
      How many events may happen, and, if none may, the seconds until the next one.
    """
    is_postgresql = connection.dialect.name == "postgresql"
    insert = (postgresql if is_postgresql else sqlite).insert(rate_limits)
    now = _now(connection)
    # Locks the row of the bucket; SQLite locks the whole database. If the key is new, a full bucket is added.
    # Again if needed: another process may add or remove the bucket between the two.
    bucket = sa.select(rate_limits.c.remaining, rate_limits.c.at).where(rate_limits.c.key == key)
    while (found := connection.execute(bucket.with_for_update()).first()) is None:
        full = {"key": key, "remaining": float(rate.count), "at": now}
        connection.execute(insert.on_conflict_do_nothing(), full)
    left, at = found
    left = min(float(rate.count), left + max(0.0, now - at) * rate.count / rate.seconds)
    taken = min(wanted, int(left))
    connection.execute(
        sa.update(rate_limits).where(rate_limits.c.key == key).values(remaining=left - taken, at=max(now, at))
    )
    return taken, 0.0 if taken else (1 - left) * rate.seconds / rate.count


def remove_full_buckets(connection: sa.Connection, longest: float) -> None:
    """Removes the buckets that were not used for `longest` seconds, in which every bucket becomes full."""
    connection.execute(sa.delete(rate_limits).where(rate_limits.c.at < _now(connection) - longest))


def _now(connection: sa.Connection) -> float:
    """Returns the seconds since 1970 by the clock of the database, because the clocks of machines differ."""
    if connection.dialect.name != "postgresql":
        return time.time()
    return float(connection.execute(sa.select(sa.extract("epoch", sa.func.clock_timestamp()))).scalar_one())
