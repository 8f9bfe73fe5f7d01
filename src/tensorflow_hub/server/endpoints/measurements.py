"""`/api/v1/measurements`: add measurements to a version, and remove them."""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import NewMeasurement, OfMeasurement
from tensorflow_hub.errors import ConflictError, ForbiddenError
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.catalogue.writing import lock_version
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.figures import figures_of
from tensorflow_hub.server.core.json_forms import measurement_json
from tensorflow_hub.server.core.lookup import find_readable_publisher, find_readable_version
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.people.measurements import attach, remove


def put_measurement(call: Call, body: NewMeasurement) -> Answer[answers.Measurement]:
    """Adds a measurement to the version `handle`, in the name of the publisher that measured."""
    name, caller = versioned_name(body.handle), call.caller
    figures = figures_of(body)
    by_others = body.publisher is not None and body.publisher.lower() != name.publisher.lower()
    if by_others and not call.hub.settings.measurements_of_others:
        raise ForbiddenError(
            f"Only members of {name.publisher!r} attach what they measured to its models on this hub, "
            f"got a measurement of {body.publisher!r}.",
            hint="An administrator may allow others: TFHUB_SERVER_MEASUREMENTS_OF_OTHERS=1.",
        )
    with call.hub.database.writing() as connection:
        lock_version(connection, name)
        version = find_readable_version(connection, name, caller)
        publisher = find_readable_publisher(connection, body.publisher or name.publisher, caller)
        _check_content(connection, version, body.digest)
        found, is_new = attach(connection, caller, version, publisher, figures)
        return Answer(measurement_json(found, version, caller), 201 if is_new else 200)


def delete_measurement(call: Call, path: OfMeasurement) -> Answer[None]:
    """Removes a measurement."""
    with call.hub.database.writing() as connection:
        remove(connection, call.caller, path.measurement)
    return Answer(None, 204)


def _check_content(connection: sa.Connection, version: Version, digest: str | None) -> None:
    """Checks that the measured content is the content of the version."""
    digests = {deployment.digest for deployment in reading.list_deployments(connection, version)}
    if digest is not None and digests and digest not in digests:
        raise ConflictError(
            f"Measured was content with the digest {digest}, which {version.handle} does not have.",
            hint=f"Measure what is published there: {', '.join(sorted(digests))}.",
        )
