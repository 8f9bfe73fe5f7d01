"""TFLite models that are compiled for the Edge TPU of Coral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Snippet
from tensorflow_hub.format.kinds.tflite import interpreter_snippets


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    return interpreter_snippets(url, KIND.download)


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
)
