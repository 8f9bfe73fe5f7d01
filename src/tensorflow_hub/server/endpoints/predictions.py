"""`POST /<handle>:predict`, and the paths of TensorFlow Serving's REST API below `/v1/models/`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import ExamplesAsked, OfModelOrVersion, OfServedVersion, PredictionAsked
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.problems import TooLarge
from tensorflow_hub.server.predicting.choice import Choice, choose, list_runnable
from tensorflow_hub.server.predicting.serving_forms import metadata_form, status_form

_NEVER_STORED = {"Cache-Control": "no-store"}


def predict(
    call: Call, path: OfModelOrVersion, body: PredictionAsked
) -> Answer[answers.Predictions | answers.Outputs]:
    """Runs a version, or the latest version of a model, and returns its outputs."""
    return _answer(call, ModelName.parse(path.handle), "predict", body)


def predict_version(
    call: Call, path: OfServedVersion, body: PredictionAsked
) -> Answer[answers.Predictions | answers.Outputs]:
    """Does the same at the path of TensorFlow Serving."""
    return _answer(call, _name(path), "predict", body)


def classify(call: Call, path: OfModelOrVersion, body: ExamplesAsked) -> Answer[answers.Results]:
    """Returns the classes of examples, by the latest version of a model."""
    return _answer(call, ModelName.parse(path.handle), "classify", body)


def classify_version(call: Call, path: OfServedVersion, body: ExamplesAsked) -> Answer[answers.Results]:
    """Returns the classes of examples, by a version."""
    return _answer(call, _name(path), "classify", body)


def regress(call: Call, path: OfModelOrVersion, body: ExamplesAsked) -> Answer[answers.Results]:
    """Returns a number for each example, by the latest version of a model."""
    return _answer(call, ModelName.parse(path.handle), "regress", body)


def regress_version(call: Call, path: OfServedVersion, body: ExamplesAsked) -> Answer[answers.Results]:
    """Returns a number for each example, by a version."""
    return _answer(call, _name(path), "regress", body)


def show_status(call: Call, path: OfModelOrVersion) -> Answer[answers.ServedVersions]:
    """Returns the versions of a model that the hub runs."""
    return Answer(status_form(list_runnable(call.request, call.caller, ModelName.parse(path.handle))))


def show_version_status(call: Call, path: OfServedVersion) -> Answer[answers.ServedVersions]:
    """Returns whether the hub runs a version."""
    return Answer(status_form([_choose(call, _name(path)).version.number]))


def show_metadata(call: Call, path: OfModelOrVersion) -> Answer[answers.ServedMetadata]:
    """Returns the inputs and outputs of the latest version of a model."""
    chosen = _choose(call, ModelName.parse(path.handle))
    return Answer(metadata_form(chosen.version, chosen.description))


def show_version_metadata(call: Call, path: OfServedVersion) -> Answer[answers.ServedMetadata]:
    """Returns the inputs and outputs of a version."""
    chosen = _choose(call, _name(path))
    return Answer(metadata_form(chosen.version, chosen.description))


def _name(path: OfServedVersion) -> ModelName:
    return ModelName.parse(f"{path.handle}/{path.version}")


def _choose(call: Call, name: ModelName) -> Choice:
    return choose(call.request, call.caller, name)


def _answer(
    call: Call,
    name: ModelName,
    asked: Literal["predict", "classify", "regress"],
    body: PredictionAsked | ExamplesAsked,
) -> Answer[Any]:
    """Returns the answer of the model, whose form is that of what is asked."""
    chosen = _choose(call, name)
    request = msgspec.json.encode({"do": asked, "body": body})
    most = call.hub.settings.predict_input
    if len(request) > most:
        raise TooLarge(f"Expected inputs of at most {most:,} bytes.", hint="Send less at once.")
    return Answer(msgspec.Raw(chosen.pool.ask(chosen.runnable, request)), 200, _NEVER_STORED)
