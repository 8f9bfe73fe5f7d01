"""Code that uses a model, for each way there is to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Snippet:
    """A piece of code to copy."""

    title: str
    code: str
    language: str


def snippets(handle: str, base: str, forms: Mapping[str, Mapping[str, Any]]) -> list[Snippet]:
    """The code for a version.

    Args:
      handle: `publisher/model/version`.
      base: the URL of this hub.
      forms: format (hub, saved_model, saved_model_2, tflite, tfjs, coral) → its description; an empty one
        when the files are not here.
    """
    url = f"{base}/{handle}"
    found: list[Snippet] = []
    if "saved_model_2" in forms:
        found += _saved_model_2(url, forms["saved_model_2"])
    if "hub" in forms:
        found += _hub(url, forms["hub"])
    if "saved_model" in forms:
        found.append(
            Snippet("Python: hub.load", _python(f'model = hub.load("{url}", tags=["serve"])'), "python")
        )
    if "tflite" in forms or "coral" in forms:
        found += _tflite(url, "tflite" if "tflite" in forms else "coral")
    if "tfjs" in forms:
        found.append(_tfjs(url))
    if found and not {"tflite", "tfjs", "coral"} >= set(forms):
        found += _downloads(handle, url, base)
    return found


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


def _tflite(url: str, form: str) -> list[Snippet]:
    query = f"{'lite' if form == 'tflite' else 'coral'}-format=tflite"
    python = (
        "import numpy as np\nimport tensorflow as tf\n\n"
        'interpreter = tf.lite.Interpreter("model.tflite")\ninterpreter.allocate_tensors()\n'
        "print(interpreter.get_input_details())"
    )
    return [
        Snippet("Download with curl", f'curl -L -o model.tflite "{url}?{query}"', "bash"),
        Snippet("Python: TFLite interpreter", python, "python"),
    ]


def _tfjs(url: str) -> Snippet:
    code = (
        'import * as tf from "@tensorflow/tfjs";\n\n'
        f'const model = await tf.loadGraphModel("{url}/model.json?tfjs-format=file");'
    )
    return Snippet("JavaScript: TF.js", code, "javascript")


def _downloads(handle: str, url: str, base: str) -> list[Snippet]:
    return [
        Snippet("Command line: tfhub", f"export TFHUB_URL={base}\ntfhub pull {handle}", "bash"),
        Snippet(
            "Without Python: curl",
            f'mkdir module\ncurl -L "{url}?tf-hub-format=compressed" | tar -xz -C module',
            "bash",
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
