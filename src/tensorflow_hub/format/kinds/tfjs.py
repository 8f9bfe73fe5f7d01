"""Models of TensorFlow.js: `model.json` and its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.example_values import example_shape, has_examples
from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Program, Snippet

if TYPE_CHECKING:
    from tensorflow_hub.format.module.module_description import ModuleDescription


# Ops of dynamic control flow, or whose output shape depends on values. TF.js runs them asynchronously only.
_DYNAMIC = frozenset(
    [
        *("Enter", "Exit", "If", "LoopCond", "Merge", "NextIteration", "StatelessIf", "StatelessWhile"),
        *("NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4", "NonMaxSuppressionV5"),
        *("Switch", "TensorArrayV3", "Where", "While"),
    ]
)


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.module.tfjs import read_tfjs

    return read_tfjs(directory)


# Dtype in a model → dtype of TF.js, which has no others.
_DTYPES = {
    **dict.fromkeys(("float16", "float32", "float64"), "float32"),
    **dict.fromkeys(("int8", "uint8", "int16", "int32", "int64"), "int32"),
    "bool": "bool",
    "string": "string",
}


_IMPORT = 'import * as tf from "@tensorflow/tfjs";\n\n'
_HEADERS = """\
const token = "…"; // of yours, with the right to read
const requestInit = { headers: { Authorization: `Bearer ${token}` } };
"""


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    # The description of a layers model has no ops. Without a description it is a graph, as all on tfhub.dev.
    is_layers = bool(description) and not description.get("ops")
    load = "loadLayersModel" if is_layers else "loadGraphModel"
    file, call = f"{url}/model.json?tfjs-format=file", ""
    inputs: dict[str, Mapping[str, Any]] = {}
    for variant in description.get("variants", ()):
        inputs |= {
            name: tensor
            for signature in variant["signatures"][:1]
            for name, tensor in signature["inputs"].items()
        }
    if (
        inputs
        and has_examples(inputs.values(), description)
        and all(each["dtype"] in _DTYPES for each in inputs.values())
    ):
        values = {
            name: _value(tensor, description, is_only_input=len(inputs) == 1)
            for name, tensor in inputs.items()
        }
        call = _call(values, description, is_layers=is_layers)
    code = f'{_IMPORT}const model = await tf.{load}("{file}");{call}'
    with_token = f'{_IMPORT}{_HEADERS}const model = await tf.{load}("{file}", {{ requestInit }});{call}'
    return [Snippet("JavaScript: TF.js", code, "javascript", with_token)]


def _call(values: Mapping[str, str], description: Mapping[str, Any], *, is_layers: bool) -> str:
    """A call of the model: a graph takes several inputs by name, a model of layers in its own order."""
    before, argument = "", next(iter(values.values()))
    if len(values) > 1:
        argument = "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in values.items()) + "}"
    if len(values) > 1 and is_layers:
        before, argument = f"const inputs = {argument};\n", "model.inputNames.map((name) => inputs[name])"
    is_dynamic = not _DYNAMIC.isdisjoint(description.get("ops", ()))
    run = f"await model.executeAsync({argument})" if is_dynamic else f"model.predict({argument})"
    return f"\n{before}const outputs = {run};\nconsole.log(outputs);"


def _value(tensor: Mapping[str, Any], description: Mapping[str, Any], *, is_only_input: bool) -> str:
    """An expression for an example of an input."""
    shape, dtype = tensor["shape"], _DTYPES[tensor["dtype"]]
    if dtype == "string":
        sizes = example_shape(shape, description, is_only_input=False)
        return f'tf.fill({sizes}, "a sentence", "string")'
    sizes = example_shape(shape, description, is_only_input=is_only_input)
    return f"tf.zeros({sizes}{'' if dtype == 'float32' else f', {json.dumps(dtype)}'})"


KIND = DeploymentKind(
    name="tfjs",
    label="TF.js",
    card="tfjs",
    parameter="tfjs-format",
    forms={"compressed": Form.ARCHIVE, "file": Form.MEMBER},
    contents=("tfjs",),
    formats={"tfjs": "TF.js"},
    looks_for="model.json",
    read=_read,
    snippets=_snippets,
    program=Program("npm", "@tensorflow/tfjs"),
    folder="tfjs-model",
    also_called="browser web javascript js",
)
