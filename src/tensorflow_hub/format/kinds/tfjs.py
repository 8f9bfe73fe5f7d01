"""Models of TensorFlow.js: `model.json` and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.example_values import example_shape
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


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    # The description of a layers model has no ops. Without a description it is a graph, as all on tfhub.dev.
    is_layers = bool(description) and not description.get("ops")
    load = "loadLayersModel" if is_layers else "loadGraphModel"
    code = f'const model = await tf.{load}("{url}/model.json?tfjs-format=file");'
    inputs = [
        tensor
        for variant in description.get("variants", ())
        for signature in variant["signatures"][:1]
        for tensor in signature["inputs"].values()
    ]
    if len(inputs) == 1 and inputs[0]["dtype"] in {"float32", "int32", "bool"}:
        dtype = "" if inputs[0]["dtype"] == "float32" else f', "{inputs[0]["dtype"]}"'
        value = f"tf.zeros({example_shape(inputs[0]['shape'], description)}{dtype})"
        is_dynamic = _DYNAMIC.intersection(description.get("ops", ()))
        run = f"await model.executeAsync({value})" if is_dynamic else f"model.predict({value})"
        code += f"\nconst outputs = {run};\nconsole.log(outputs);"
    return [Snippet("JavaScript: TF.js", f'import * as tf from "@tensorflow/tfjs";\n\n{code}', "javascript")]


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
)
