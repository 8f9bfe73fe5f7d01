"""Measurements of a mirrored version: kept as upstream's word, in the name of mirrored publishers alone."""

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

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.api.requests import NewMeasurement
from tensorflow_hub.errors import HubError
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audience import EVERYTHING
from tensorflow_hub.server.catalogue.measurements import (
    KEPT,
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
    connection: sa.Connection, version: Version, entry: Mapping[str, Any], place: str
) -> None:
    """Brings what upstream says was measured; what it took back goes, what people of this hub attached stays.

    Nothing is kept in the name of a publisher of this hub.

    Args:
      connection: within a transaction.
      version: as it is here, of a mirrored publisher.
      entry: what upstream's API says of it, unchecked.
      place: where it came from.
    """
    listed = entry.get("measurements")
    if not isinstance(listed, list):
        return  # a hub of an earlier release, or none of ours
    here = {
        _key(one.publisher, one.figures): one for one in list_measurements(connection, version, EVERYTHING)
    }
    read = (_read_or_none(connection, version, item) for item in listed[:_MOST])
    told = {_key(one.publisher.name, one.figures): one for one in read if one is not None}
    for key, one in here.items():
        if one.author.is_mirror and key not in told:
            remove_measurement(connection, one)
    author = Author(f"{MIRROR_OF}{place}"[:200], None, None)
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
class _Told:
    """A measurement that upstream tells of, checked."""

    publisher: Publisher
    figures: Figures
    measured_at: int


def _read_or_none(connection: sa.Connection, version: Version, item: Any) -> _Told | None:
    """A measurement; None where it will not do."""
    try:
        return _read(connection, version, item)
    except (HubError, msgspec.ValidationError, LookupError, TypeError, AttributeError) as problem:
        _log.warning("A measurement of %s is not kept: %s", version.handle, problem)
        return None


def _read(connection: sa.Connection, version: Version, item: Mapping[str, Any]) -> _Told | None:
    """A measurement; None where it is of a publisher that this hub does not mirror."""
    publisher = _publisher(connection, item["publisher"])
    if publisher is None:
        return None
    body = {name: item[name] for name in KEPT if name in item}
    body |= {"handle": version.handle, "dataset_digest": item.get("dataset_digest") or None}
    figures = figures_of(msgspec.convert(body, NewMeasurement))
    return _Told(publisher, figures, _seconds(item.get("measured_at")))


def _publisher(connection: sa.Connection, name: str) -> Publisher | None:
    found = reading.find_publisher(connection, name)
    return found if found is not None and writing.is_mirrored(connection, found) else None


def _key(publisher: str, figures: Figures) -> _Key:
    return publisher.lower(), figures.task, figures.dataset, figures.metric


def _seconds(text: object) -> int:
    """When it was measured, as upstream says, but not in the future."""
    now = int(time.time())
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ")
        return max(0, min(now, int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())))
    return now
