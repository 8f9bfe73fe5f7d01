"""Stores upstream's measurements of a mirrored version, marked as mirrored.

Only measurements of mirrored publishers are stored, so that upstream cannot add any in the name of a
publisher of this hub.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from tensorflow_hub.api.figures import STORED_FIELDS, Figures
from tensorflow_hub.api.requests import NewMeasurement
from tensorflow_hub.errors import HubError
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audience import EVERYTHING
from tensorflow_hub.server.catalogue.measurements import (
    MOST_OF_A_PUBLISHER,
    Author,
    count_measurements,
    list_measurements,
    put_measurement,
    remove_measurement,
)
from tensorflow_hub.server.catalogue.records import MIRROR_OF, Publisher, Version
from tensorflow_hub.server.core.figures import figures_of

_log = logging.getLogger("tensorflow_hub.server")
_MOST = 1000

_Key = tuple[str, str, str, str]


def keep_measurements(
    connection: sa.Connection, version: Version, entry: Mapping[str, Any], source: str
) -> None:
    """Makes the mirrored measurements of a version the same as upstream's; measurements added here stay.

    Args:
      connection: a transaction of the catalogue.
      version: the version on this hub, of a mirrored publisher.
      entry: the unchecked description of the version in upstream's API.
      source: the URL that the version was fetched from.
    """
    listed = entry.get("measurements")
    if not isinstance(listed, list):
        return  # an earlier release of the hub, or other software
    here = {
        _key(one.publisher, one.figures): one for one in list_measurements(connection, version, EVERYTHING)
    }
    read = (_read_or_none(connection, version, item) for item in listed[:_MOST])
    told = {_key(one.publisher.name, one.figures): one for one in read if one is not None}
    for key, one in here.items():
        if one.author.is_mirror and key not in told:
            remove_measurement(connection, one)
    author = Author(f"{MIRROR_OF}{source}"[:200], None, None)
    for key, new in told.items():
        known = here.get(key)
        if known is None:
            wanted = count_measurements(connection, version, new.publisher) < MOST_OF_A_PUBLISHER
        else:
            wanted = known.author.is_mirror and known.figures != new.figures
        if wanted:
            put_measurement(
                connection, version, new.publisher, author, new.figures, measured_at=new.measured_at
            )


@dataclasses.dataclass(frozen=True)
class _CheckedMeasurement:
    """A measurement from upstream, checked."""

    publisher: Publisher
    figures: Figures
    measured_at: int


def _read_or_none(connection: sa.Connection, version: Version, item: Any) -> _CheckedMeasurement | None:
    """Returns a measurement; None if it is invalid, or of a publisher that this hub does not mirror."""
    try:
        return _read(connection, version, item)
    except (HubError, msgspec.ValidationError, LookupError, TypeError, AttributeError) as problem:
        _log.warning("A measurement of %s was skipped: %s", version.handle, problem)
        return None


def _read(connection: sa.Connection, version: Version, item: Mapping[str, Any]) -> _CheckedMeasurement | None:
    """Returns a measurement; None if it is of a publisher that this hub does not mirror."""
    publisher = _publisher(connection, item["publisher"])
    if publisher is None:
        return None
    body = {name: item[name] for name in STORED_FIELDS if name in item}
    body |= {"handle": version.handle, "dataset_digest": item.get("dataset_digest") or None}
    figures = figures_of(msgspec.convert(body, NewMeasurement))
    return _CheckedMeasurement(publisher, figures, _seconds(item.get("measured_at")))


def _publisher(connection: sa.Connection, name: str) -> Publisher | None:
    found = reading.find_publisher(connection, name)
    return found if found is not None and writing.is_mirrored(connection, found) else None


def _key(publisher: str, figures: Figures) -> _Key:
    return publisher.lower(), figures.task, figures.dataset, figures.metric


def _seconds(text: object) -> int:
    """Returns the time of a measurement as a Unix time; times in the future or invalid ones become now."""
    now = int(time.time())
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ")
        return max(0, min(now, int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())))
    return now
