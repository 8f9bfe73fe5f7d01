"""Measurements of versions, for example their accuracy on a dataset.

Versions never change; measurements are added.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.api.figures import STORED_FIELDS, Figures
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.records import MIRROR_OF, Publisher, Version
from tensorflow_hub.server.catalogue.tables import measurements, publishers
from tensorflow_hub.server.catalogue.tokens import new_id

# How many measurements a publisher may add to one version.
MOST_OF_A_PUBLISHER = 100
_MOST_LISTED = 1000


@dataclasses.dataclass(frozen=True)
class Author:
    """Who adds a measurement: the name in the audit log, and the ids of the user and of the token."""

    name: str
    user_id: int | None
    token_id: int | None

    @property
    def is_mirror(self) -> bool:
        """Whether the measurement came from an upstream hub; a token may be named so, but has a number."""
        is_nobody = self.user_id is None and self.token_id is None
        return is_nobody and self.name.startswith(MIRROR_OF)


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A result with who measured it and when. `publisher` is the publisher for whom the author measured."""

    id: int
    version_id: int
    publisher: str
    author: Author
    measured_at: int
    figures: Figures


FIGURES = tuple(measurements.c[name] for name in STORED_FIELDS)
_query = sa.select(
    measurements.c.id,
    measurements.c.version_id,
    publishers.c.name,
    measurements.c.measured_by,
    measurements.c.user_id,
    measurements.c.token_id,
    measurements.c.measured_at,
    *FIGURES,
).join(publishers, measurements.c.publisher_id == publishers.c.id)


def list_measurements(
    connection: sa.Connection, version: Version, audience: Audience, limit: int = _MOST_LISTED
) -> list[Measurement]:
    """Returns the latest measurements of a version by publishers that the audience may read.

    They are sorted by dataset, metric and publisher.
    """
    latest = (
        _query.where(measurements.c.version_id == version.id, audience.condition())
        .order_by(measurements.c.measured_at.desc(), measurements.c.id)
        .limit(limit)
    )
    found = [_measurement(tuple(row)) for row in connection.execute(latest)]
    return sorted(found, key=lambda each: (each.figures.dataset, each.figures.metric, each.publisher))


def list_by_author(
    connection: sa.Connection, author: Author, audience: Audience, limit: int = MOST_OF_A_PUBLISHER
) -> list[Measurement]:
    """What a user, or a token that is of no user, attached in the name of publishers that the audience may
    read; the newest first.
    """
    if author.user_id is not None:
        whose = measurements.c.user_id == author.user_id
    else:
        whose = measurements.c.token_id == author.token_id
    order = (measurements.c.measured_at.desc(), measurements.c.id)
    newest = _query.where(whose, audience.condition()).order_by(*order)
    return [_measurement(tuple(row)) for row in connection.execute(newest.limit(limit))]


def find_measurement(
    connection: sa.Connection, measurement_id: int, audience: Audience
) -> Measurement | None:
    """Returns the measurement with that id if the audience may read its publisher, or None."""
    row = connection.execute(_query.where(measurements.c.id == measurement_id, audience.condition())).first()
    return _measurement(tuple(row)) if row else None


def count_measurements(connection: sa.Connection, version: Version, publisher: Publisher) -> int:
    """Returns how many measurements a publisher has added to a version."""
    whose = (measurements.c.version_id == version.id, measurements.c.publisher_id == publisher.id)
    return int(connection.execute(sa.select(sa.func.count()).where(*whose)).scalar_one())


def put_measurement(
    connection: sa.Connection,
    version: Version,
    publisher: Publisher,
    author: Author,
    figures: Figures,
    *,
    measured_at: int | None = None,
) -> tuple[int, bool]:
    """Adds a result to a version, with the given time or the time of now.

    An earlier one by this publisher for the same task, dataset and metric is replaced.

    Returns:
      The id of the measurement, and whether it is new.
    """
    values = {
        **{name: getattr(figures, name) for name in STORED_FIELDS},
        "measured_by": author.name,
        "user_id": author.user_id,
        "token_id": author.token_id,
        "measured_at": int(time.time()) if measured_at is None else measured_at,
    }
    same = (
        measurements.c.version_id == version.id,
        measurements.c.publisher_id == publisher.id,
        *(measurements.c[name] == values[name] for name in ("task", "dataset", "metric")),
    )
    known = connection.execute(sa.select(measurements.c.id).where(*same)).scalar()
    if known is not None:
        connection.execute(sa.update(measurements).where(measurements.c.id == known).values(**values))
        return int(known), False
    number = new_id(connection, measurements)
    connection.execute(
        sa.insert(measurements).values(id=number, version_id=version.id, publisher_id=publisher.id, **values)
    )
    return number, True


def remove_measurement(connection: sa.Connection, measurement: Measurement) -> None:
    """Removes a measurement."""
    connection.execute(sa.delete(measurements).where(measurements.c.id == measurement.id))


def _measurement(row: tuple[Any, ...]) -> Measurement:
    number, version_id, publisher, name, user_id, token_id, at, *figures = row
    return Measurement(number, version_id, publisher, Author(name, user_id, token_id), at, Figures(*figures))
