"""TFLite models: one `.tflite` file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Program, Snippet
from tensorflow_hub.format.needs import is_in_interpreter

if TYPE_CHECKING:
    from tensorflow_hub.format.module.module_description import ModuleDescription

_RUN = """\
interpreter = tf.lite.Interpreter("model.tflite")
interpreter.allocate_tensors()
for tensor in interpreter.get_input_details():
    interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], tensor["dtype"]))
interpreter.invoke()
for tensor in interpreter.get_output_details():
    print(tensor["name"], interpreter.get_tensor(tensor["index"]).shape)"""
_PYTHON = """\
import urllib.request

import numpy as np
import tensorflow as tf

urllib.request.urlretrieve("{url}", "model.tflite")
{run}"""
# The header is not sent on after a redirect, for example to an object store.
_PYTHON_PRIVATE = """\
import os
import urllib.request

import numpy as np
import tensorflow as tf

request = urllib.request.Request("{url}")
request.add_unredirected_header("Authorization", f"Bearer {{os.environ['TFHUB_TOKEN']}}")
with urllib.request.urlopen(request) as answer, open("model.tflite", "wb") as file:
    file.write(answer.read())
{run}"""


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.module.tflite import read_tflite

    return read_tflite(directory)


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    file = f"{url}?{KIND.download}"
    download = Snippet("TFLite: curl", f'curl -fL -o model.tflite "{file}"', "bash")
    if not all(map(is_in_interpreter, description.get("custom_ops", ()))):
        return [download]  # the interpreter lacks its ops
    code, with_token = (text.format(url=file, run=_RUN) for text in (_PYTHON, _PYTHON_PRIVATE))
    return [Snippet("TFLite: Python", code, "python", with_token), download]


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
    also_called="lite mobile android ios phone device edge embedded",
)
