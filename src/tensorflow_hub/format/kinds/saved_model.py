"""SavedModels: of TensorFlow 2, of TensorFlow 1, and in TF1 Hub format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Snippet

if TYPE_CHECKING:
    from tensorflow_hub.format.module_description import ModuleDescription


def _read(directory: Path, largest_graph: int) -> ModuleDescription | None:
    from tensorflow_hub.format.saved_model_description import describe_saved_model

    return describe_saved_model(directory, largest_graph)


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    if form == "saved_model_2":
        return _saved_model_2(url, description)
    if form == "hub":
        return _hub(url, description)
    return [Snippet("Python: hub.load", _python(f'model = hub.load("{url}", tags=["serve"])'), "python")]


def _saved_model_2(url: str, description: Mapping[str, Any]) -> list[Snippet]:
    example = _example(description)
    load = f'model = hub.load("{url}")' + (f"\noutputs = model({example})" if example else "")
    shape = ", input_shape=[], dtype=tf.string" if example.startswith("[") else ""
    tunable = description.get("fine_tunable") is not False
    layer = f'layer = hub.KerasLayer("{url}"{shape}{", trainable=True" if tunable else ""})'
    return [
        Snippet("Python: hub.load", _python(load), "python"),
        Snippet("Keras: hub.KerasLayer", f"import tensorflow as tf\n{_python(layer)}", "python"),
    ]


def _hub(url: str, description: Mapping[str, Any]) -> list[Snippet]:
    example = _example(description) or "inputs"
    module = (
        "with tf.Graph().as_default(), tf.Session() as session:\n"
        f'    module = hub.Module("{url}")\n    outputs = module({example})\n'
        "    session.run([tf.global_variables_initializer(), tf.tables_initializer()])\n"
        "    print(session.run(outputs))"
    )
    load = f'model = hub.load("{url}")\noutputs = model.signatures["default"](tf.constant({example}))'
    return [
        Snippet("TF1 graphs: hub.Module", f"import tensorflow.compat.v1 as tf\n{_python(module)}", "python"),
        Snippet("Python: hub.load", f"import tensorflow as tf\n{_python(load)}", "python"),
        Snippet(
            "Keras: hub.KerasLayer",
            _python(f'layer = hub.KerasLayer("{url}", signature="default", output_key="default")'),
            "python",
        ),
    ]


def _python(code: str) -> str:
    return f"import tensorflow_hub as hub\n\n{code}"


def _example(description: Mapping[str, Any]) -> str:
    """An input to try, when the module takes one string or one image."""
    names = set(description.get("interfaces", ()))
    if names & {"text-embedding", "text-preprocessing"}:
        return '["a sentence", "and another"]'
    if names & {"image-feature-vector", "image-classification"}:
        return "images"
    return ""


KIND = DeploymentKind(
    name="saved_model",
    label="SavedModel",
    card="module",
    parameter="tf-hub-format",
    forms={"compressed": Form.ARCHIVE, "uncompressed": Form.UNPACKED},
    contents=("hub", "saved_model", "saved_model_2"),
    formats={"hub": "TF1 Hub format", "saved_model": "TF1 SavedModel", "saved_model_2": "TF2 SavedModel"},
    looks_for="saved_model.pb",
    read=_read,
    snippets=_snippets,
    static_score=3,
)
