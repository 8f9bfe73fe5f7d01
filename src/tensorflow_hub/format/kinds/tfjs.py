"""Models of TensorFlow.js: `model.json` and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Snippet

if TYPE_CHECKING:
    from tensorflow_hub.format.module_description import ModuleDescription


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.tfjs import read_tfjs

    return read_tfjs(directory)


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    code = (
        'import * as tf from "@tensorflow/tfjs";\n\n'
        f'const model = await tf.loadGraphModel("{url}/model.json?tfjs-format=file");'
    )
    return [Snippet("JavaScript: TF.js", code, "javascript")]


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
    folder="tfjs-model",
)
