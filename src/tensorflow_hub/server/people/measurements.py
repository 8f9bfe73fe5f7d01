"""Adding, changing and removing measurements: checks the rights, and writes the audit log."""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.errors import ForbiddenError, RejectedError
from tensorflow_hub.server.catalogue import measurements, reading
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.measurements import (
    MOST_OF_A_PUBLISHER,
    Author,
    Measurement,
)
from tensorflow_hub.server.catalogue.records import Publisher, Version
from tensorflow_hub.server.catalogue.tokens import ADMIN, PUBLISH
from tensorflow_hub.server.catalogue.writing import lock_version
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.core.rights import audience_of, has_scope, require


def attach(
    connection: sa.Connection, caller: Caller, version: Version, publisher: Publisher, figures: Figures
) -> tuple[Measurement, bool]:
    """Attaches figures to a version. They replace the same publisher's figures for the same metric.

    Returns:
      The measurement, and whether it is new.

    Raises:
      RejectedError: the publisher has the most measurements of a version that are allowed.
    """
    number, is_new = measurements.put_measurement(connection, version, publisher, _author(caller), figures)
    if measurements.count_measurements(connection, version, publisher) > MOST_OF_A_PUBLISHER:
        raise RejectedError(
            f"{publisher.name} has attached {MOST_OF_A_PUBLISHER} measurements to {version.handle}, "
            "which is the most that one publisher may.",
            hint="Take some away: `tfhub measurements delete NUMBER`.",
        )
    found = measurements.find_measurement(connection, number, audience_of(caller))
    assert found is not None
    _note(connection, caller, "measurement.put", version, found)
    record_changes(connection, [version.model.id])
    return found, is_new


def own_measurements(connection: sa.Connection, caller: Caller) -> list[tuple[Measurement, Version]]:
    """Returns the caller's measurements of versions that the caller may read, the newest first."""
    author = _author(caller)
    found = measurements.list_by_author(connection, author, audience_of(caller))
    pairs = [(one, reading.version_of_id(connection, one.version_id)) for one in found]
    return [(one, version) for one, version in pairs if version is not None and _may_read(caller, version)]


def changeable_measurement(
    connection: sa.Connection, caller: Caller, number: int
) -> tuple[Measurement, Version]:
    """Returns a measurement and its version, if the caller may change it.

    Raises:
      Missing: there is no such measurement that the caller may see.
      ForbiddenError: somebody else attached it.
    """
    found = None
    if number < 2**63:
        found = measurements.find_measurement(connection, number, audience_of(caller))
    version = reading.version_of_id(connection, found.version_id) if found else None
    if found is None or version is None or not _may_read(caller, version):
        raise Missing(
            f"There is no measurement number {number}.", hint="List them: `tfhub measurements list HANDLE`."
        )
    if not may_change(caller, found, version):
        raise ForbiddenError(
            f"Measurement {found.id} was attached by another member of {found.publisher}.",
            hint=f"Ask who attached it, or an owner of {version.model.publisher}.",
        )
    return found, version


def replace(
    connection: sa.Connection, caller: Caller, found: Measurement, version: Version, figures: Figures
) -> None:
    """Replaces the figures of a measurement that the caller may change.

    Raises:
      ForbiddenError: the caller may not attach measurements in the name of that publisher any more.
      Missing: the measurement was removed meanwhile.
    """
    require(caller, PUBLISH, found.publisher)
    lock_version(connection, version.name)
    found, version = changeable_measurement(connection, caller, found.id)
    publisher = reading.find_publisher(connection, found.publisher)
    assert publisher is not None
    attach(connection, caller, version, publisher, figures)


def remove(connection: sa.Connection, caller: Caller, number: int) -> Version:
    """Removes a measurement, and returns its version.

    Raises:
      Missing, ForbiddenError: as `changeable_measurement`.
    """
    found, version = changeable_measurement(connection, caller, number)
    measurements.remove_measurement(connection, found)
    _note(connection, caller, "measurement.delete", version, found)
    record_changes(connection, [version.model.id])
    return version


def may_change(caller: Caller, found: Measurement, version: Version) -> bool:
    """Whether the caller attached the measurement, or administers one of the two publishers."""
    is_own = caller.token is not None and caller.token.id == found.author.token_id
    is_of_user = caller.user is not None and caller.user.id == found.author.user_id
    return (
        is_own
        or is_of_user
        or has_scope(caller, ADMIN, version.model.publisher)
        or has_scope(caller, ADMIN, found.publisher)
    )


def _may_read(caller: Caller, version: Version) -> bool:
    return audience_of(caller).includes(version.model.publisher, version.model.private)


def _author(caller: Caller) -> Author:
    user, token = caller.user, caller.token
    return Author(caller.name, user.id if user else None, token.id if token else None)


def _note(
    connection: sa.Connection, caller: Caller, action: str, version: Version, found: Measurement
) -> None:
    """Adds an entry to the audit log of the publisher that measured, which may be private."""
    is_own = found.publisher == version.model.publisher
    subject = version.handle if is_own else found.publisher
    detail = {"handle": version.handle, "dataset": found.figures.dataset, "metric": found.figures.metric}
    add_entry(connection, caller.name, caller.address, action, subject, **detail)
