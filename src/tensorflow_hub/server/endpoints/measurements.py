"""`/api/v1/measurements`: attach what was measured to a version, and take it away again."""

from __future__ import annotations

import urllib.parse

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.figures import Figures
from tensorflow_hub.api.requests import NewMeasurement, OfMeasurement
from tensorflow_hub.errors import ConflictError, ForbiddenError, RejectedError
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.measurements import (
    KEPT,
    MOST_OF_A_PUBLISHER,
    Author,
    Measurement,
    count_of,
    find_measurement,
    remove_measurement,
)
from tensorflow_hub.server.catalogue.measurements import put_measurement as put
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import measurement_json
from tensorflow_hub.server.core.lookup import find_readable_publisher, find_readable_version
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import audience_of, has_scope
from tensorflow_hub.server.endpoints.publisher_of import versioned_name

# An interval may lie beside its value by so much of it: both were rounded.
_ROUNDING = 1e-6


def put_measurement(call: Call, body: NewMeasurement) -> Answer[answers.Measurement]:
    """Attaches what was measured to the version `handle`, for the publisher that measured it."""
    name, caller = versioned_name(body.handle), call.caller
    figures = _figures(body)
    by_others = body.publisher is not None and body.publisher.lower() != name.publisher.lower()
    if by_others and not call.hub.settings.measurements_of_others:
        raise ForbiddenError(
            f"Only members of {name.publisher!r} attach what they measured to its models on this hub, "
            f"got a measurement of {body.publisher!r}.",
            hint="An administrator may allow others: TFHUB_SERVER_MEASUREMENTS_OF_OTHERS=1.",
        )
    with call.hub.database.writing() as connection:
        version = find_readable_version(connection, name, caller)
        publisher = find_readable_publisher(connection, body.publisher or name.publisher, caller)
        _check_content(connection, version, body.digest)
        number, is_new = put(connection, version, publisher, _author(caller), figures)
        if count_of(connection, version, publisher) > MOST_OF_A_PUBLISHER:
            raise RejectedError(
                f"{publisher.name} has attached {MOST_OF_A_PUBLISHER} measurements to {version.handle}, "
                "which is the most that one publisher may.",
                hint="Take some away: `tfhub measurements delete NUMBER`.",
            )
        found = find_measurement(connection, number, audience_of(caller))
        assert found is not None
        _note(connection, caller, "measurement.put", version, found)
        record_changes(connection, [version.model.id])
        return Answer(measurement_json(found, version, caller), 201 if is_new else 200)


def delete_measurement(call: Call, path: OfMeasurement) -> Answer[None]:
    """Takes a measurement away."""
    caller = call.caller
    with call.hub.database.writing() as connection:
        found = None
        if path.measurement < 2**63:
            found = find_measurement(connection, path.measurement, audience_of(caller))
        version = reading.version_of_id(connection, found.version_id) if found else None
        is_readable = version and audience_of(caller).includes(version.model.publisher, version.model.private)
        if found is None or version is None or not is_readable:
            raise Missing(
                f"There is no measurement number {path.measurement}.",
                hint="List them: `tfhub measurements list HANDLE`.",
            )
        if not _may_delete(caller, found, version):
            raise ForbiddenError(
                f"Measurement {found.id} was attached by another member of {found.publisher}.",
                hint=f"Ask who attached it, or an owner of {version.model.publisher}.",
            )
        remove_measurement(connection, found)
        _note(connection, caller, "measurement.delete", version, found)
        record_changes(connection, [version.model.id])
    return Answer(None, 204)


def _may_delete(caller: Caller, found: Measurement, version: Version) -> bool:
    """Who attached it may, and the owners of both publishers."""
    is_own = caller.token is not None and caller.token.id == found.author.token_id
    is_of_user = caller.user is not None and caller.user.id == found.author.user_id
    return (
        is_own
        or is_of_user
        or has_scope(caller, ADMIN, version.model.publisher)
        or has_scope(caller, ADMIN, found.publisher)
    )


def _figures(body: NewMeasurement) -> Figures:
    """The figures of a body.

    Raises:
      Malformed: a text that cannot be shown, no URL, or an interval that does not hold the value.
    """
    for field in ("dataset", "metric", "task", "machine", "tool"):
        text: str = getattr(body, field)
        if not text.isprintable() or text != text.strip() or (not text and field in {"dataset", "metric"}):
            raise _refused(field, "printable text without spaces around it", text)
    scheme, host = urllib.parse.urlsplit(_readable(body.dataset_url))[:2]
    is_url = scheme in {"http", "https"} and host and body.dataset_url.isprintable()
    if body.dataset_url and (not is_url or " " in body.dataset_url):
        raise _refused("dataset_url", "an http or https URL", body.dataset_url)
    room = _ROUNDING * (1 + abs(body.value))
    if (body.low is None) != (body.high is None):
        raise _refused("low" if body.low is None else "high", "the other end of the interval", "none")
    if body.low is not None and body.low > body.value + room:
        raise _refused("low", f"at most the value {body.value}", body.low)
    if body.high is not None and body.high < body.value - room:
        raise _refused("high", f"at least the value {body.value}", body.high)
    values = {name: getattr(body, name) for name in KEPT}
    return Figures(**{**values, "dataset_digest": body.dataset_digest or ""})


def _readable(url: str) -> str:
    """The URL, or nothing where Python cannot split it."""
    try:
        urllib.parse.urlsplit(url)
    except ValueError:
        return ""
    return url


def _refused(field: str, expected: str, got: object) -> Malformed:
    return Malformed(
        f"Expected the field {field!r} as {expected}, got {str(got)[:100]!r}.",
        hint="See /api/v1/openapi.json.",
    )


def _check_content(connection: sa.Connection, version: Version, digest: str | None) -> None:
    """Refuses what was measured of something else than what the version has."""
    digests = {deployment.digest for deployment in reading.list_deployments(connection, version)}
    if digest is not None and digests and digest not in digests:
        raise ConflictError(
            f"Measured was content with the digest {digest}, which {version.handle} does not have.",
            hint=f"Measure what is published there: {', '.join(sorted(digests))}.",
        )


def _author(caller: Caller) -> Author:
    user, token = caller.user, caller.token
    return Author(caller.name, user.id if user else None, token.id if token else None)


def _note(
    connection: sa.Connection, caller: Caller, action: str, version: Version, found: Measurement
) -> None:
    """Adds a line to the audit log of who measured; a private one is not told of to the model's people."""
    is_own = found.publisher == version.model.publisher
    subject = version.handle if is_own else found.publisher
    detail = {"handle": version.handle, "dataset": found.figures.dataset, "metric": found.figures.metric}
    add_entry(connection, caller.name, caller.address, action, subject, **detail)
