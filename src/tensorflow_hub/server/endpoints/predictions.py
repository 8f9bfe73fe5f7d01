"""`POST /<handle>:predict`, and the paths at which clients of TensorFlow Serving ask for the same."""

from __future__ import annotations

from typing import cast

import msgspec

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfModelOrVersion, OfServedVersion, PredictionAsked
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.problems import TooLarge
from tensorflow_hub.server.predicting.choice import Choice, choose
from tensorflow_hub.server.predicting.serving_forms import metadata_form, status_form

_NEVER_STORED = {"Cache-Control": "no-store"}


def predict(
    call: Call, path: OfModelOrVersion, body: PredictionAsked
) -> Answer[answers.Predictions | answers.Outputs]:
    """What a version, or the newest one of a model, gives for inputs."""
    return _answer(call, ModelName.parse(path.handle), body)


def predict_version(
    call: Call, path: OfServedVersion, body: PredictionAsked
) -> Answer[answers.Predictions | answers.Outputs]:
    """The same at the path of TensorFlow Serving."""
    return _answer(call, _name(path), body)


def show_status(call: Call, path: OfModelOrVersion) -> Answer[answers.ServedVersions]:
    """Whether a version answers."""
    return Answer(status_form([_choose(call, ModelName.parse(path.handle)).version.number]))


def show_version_status(call: Call, path: OfServedVersion) -> Answer[answers.ServedVersions]:
    """Whether a version answers."""
    return Answer(status_form([_choose(call, _name(path)).version.number]))


def show_metadata(call: Call, path: OfModelOrVersion) -> Answer[answers.ServedMetadata]:
    """What the newest version of a model takes and gives."""
    chosen = _choose(call, ModelName.parse(path.handle))
    return Answer(metadata_form(chosen.version, chosen.description))


def show_version_metadata(call: Call, path: OfServedVersion) -> Answer[answers.ServedMetadata]:
    """What a version takes and gives."""
    chosen = _choose(call, _name(path))
    return Answer(metadata_form(chosen.version, chosen.description))


def _name(path: OfServedVersion) -> ModelName:
    return ModelName.parse(f"{path.handle}/{path.version}")


def _choose(call: Call, name: ModelName) -> Choice:
    return choose(call.request, call.caller, name)


def _answer(
    call: Call, name: ModelName, body: PredictionAsked
) -> Answer[answers.Predictions | answers.Outputs]:
    chosen = _choose(call, name)
    request = msgspec.json.encode({"do": "predict", "body": body})
    most = call.hub.settings.predict_input
    if len(request) > most:
        raise TooLarge(f"Expected inputs of at most {most:,} bytes.", hint="Send less at once.")
    said = msgspec.Raw(chosen.pool.ask(chosen.runnable, request))
    return Answer(cast("answers.Predictions", said), 200, _NEVER_STORED)
