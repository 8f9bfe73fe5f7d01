"""TFLite models: one `.tflite` file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Program, Snippet

if TYPE_CHECKING:
    from tensorflow_hub.format.module.module_description import ModuleDescription

_PYTHON = """\
import urllib.request

import numpy as np
import tensorflow as tf

urllib.request.urlretrieve("{url}", "model.tflite")
interpreter = tf.lite.Interpreter("model.tflite")
interpreter.allocate_tensors()
for tensor in interpreter.get_input_details():
    interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], tensor["dtype"]))
interpreter.invoke()
for tensor in interpreter.get_output_details():
    print(tensor["name"], interpreter.get_tensor(tensor["index"]).shape)"""


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.module.tflite import read_tflite

    return read_tflite(directory)


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    file = f"{url}?{KIND.download}"
    return [
        Snippet("TFLite: Python", _PYTHON.format(url=file), "python"),
        Snippet("TFLite: curl", f'curl -fL -o model.tflite "{file}"', "bash"),
    ]


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
    program=Program("pypi", "tensorflow", "tensorflow"),
    folder="lite-model",
    suffix=".tflite",
    static_score=1,
)
