"""TFLite models that are compiled for the Edge TPU of Coral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Snippet


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    # A program that runs the model needs the device, so only the download is shown.
    return [Snippet("Coral: curl", f'curl -fL -o model_edgetpu.tflite "{url}?{KIND.download}"', "bash")]


KIND = DeploymentKind(
    name="coral",
    label="Coral",
    card="coral",
    parameter="coral-format",
    forms={"tflite": Form.FILE},
    contents=("tflite",),
    formats={"coral": "Coral"},
    snippets=_snippets,
    folder="coral-model",
    suffix=".tflite",
    also_called="tpu edge",
)
