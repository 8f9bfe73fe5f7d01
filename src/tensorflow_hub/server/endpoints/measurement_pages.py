"""`/settings/measurements`: what somebody attached to versions; correct it, or take it away."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.figures import STORED_FIELDS, Figures
from tensorflow_hub.api.forms import ChangeMeasurement, OfMeasurement
from tensorflow_hub.api.requests import NewMeasurement
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.figures import figures_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.people import measurements
from tensorflow_hub.server.web import measurement_pages

_NUMBERS = ("value", "low", "high", "examples", "examples_per_second")


def show_measurements(request: Request) -> Response:
    """What the person attached, with links to change it."""
    caller = signed_in_caller(request)
    with hub_of(request).database.reading() as connection:
        found = measurements.own_measurements(connection, caller)
    return measurement_pages.measurements(request, found)


def show_measurement(request: Request) -> Response:
    """A measurement in a form, and the button that takes it away."""
    caller, number = signed_in_caller(request), request.path_params["measurement"]
    with hub_of(request).database.reading() as connection:
        found, version = measurements.changeable_measurement(connection, caller, number)
    return measurement_pages.measurement(request, found, version)


def change_measurement(call: Call, fields: ChangeMeasurement) -> Response:
    """Puts other figures in its place."""
    with call.hub.database.writing() as connection:
        found, version = measurements.changeable_measurement(connection, call.caller, fields.measurement)
        figures = _figures(fields, found.figures, version)
        measurements.replace(connection, call.caller, found, version, figures)
    return _to_version(version)


def remove_measurement(call: Call, fields: OfMeasurement) -> Response:
    """Takes it away."""
    with call.hub.database.writing() as connection:
        version = measurements.remove(connection, call.caller, fields.measurement)
    return _to_version(version)


def _figures(fields: ChangeMeasurement, before: Figures, version: Version) -> Figures:
    """The figures of before with what the form has; they are checked as those of a program are.

    Raises:
      Malformed: a field is no number, or they do not fit together.
    """
    sent = {name: getattr(fields, name).strip() for name in (*_NUMBERS, "machine")}
    changes = {name: text or (None if name in _NUMBERS else "") for name, text in sent.items()}
    body = {**{name: getattr(before, name) for name in STORED_FIELDS}, **changes, "handle": version.handle}
    body["dataset_digest"] = before.dataset_digest or None
    try:
        return figures_of(msgspec.convert(body, NewMeasurement, strict=False))
    except msgspec.ValidationError as error:
        raise Malformed(
            f"Expected figures such as 0.93, got another text: {error}.",
            hint="Go back and correct it; leave empty what was not measured.",
        ) from error


def _to_version(version: Version) -> Response:
    return RedirectResponse(f"/{version.handle}#measured", 303, {"Cache-Control": "no-store"})
