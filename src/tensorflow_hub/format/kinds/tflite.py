"""TFLite models: one `.tflite` file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Snippet

if TYPE_CHECKING:
    from tensorflow_hub.format.module_description import ModuleDescription

_PYTHON = (
    "import numpy as np\nimport tensorflow as tf\n\n"
    'interpreter = tf.lite.Interpreter("model.tflite")\ninterpreter.allocate_tensors()\n'
    "print(interpreter.get_input_details())"
)


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.tflite import read_tflite

    return read_tflite(directory)


def interpreter_snippets(url: str, query: str) -> list[Snippet]:
    """How a TFLite file is fetched by a query and run."""
    return [
        Snippet("Download with curl", f'curl -L -o model.tflite "{url}?{query}"', "bash"),
        Snippet("Python: TFLite interpreter", _PYTHON, "python"),
    ]


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    return interpreter_snippets(url, KIND.download)


KIND = DeploymentKind(
    name="tflite",
    label="TFLite",
    card="lite",
    parameter="lite-format",
    forms={"tflite": Form.FILE},
    contents=("tflite",),
    formats={"tflite": "TFLite"},
    looks_for="a .tflite file",
    read=_read,
    snippets=_snippets,
    folder="lite-model",
    suffix=".tflite",
    static_score=1,
)
