"""`classify` and `regress` of TensorFlow Serving's REST API: JSON → `tf.train.Example`, outputs → answers.

    {"context": {"country": "it"}, "examples": [{"x": 1.5, "tags": ["a", "b"]}, …]}

    classify → {"results": [[["cat", 0.9], ["dog", 0.1]], …]}    labels and scores of each example
    regress  → {"results": [0.5, …]}                             a number for each example

Whole numbers become a feature of integers, other numbers one of floats, strings and `{"b64": "…"}` one of
bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.format.module.calls import ModuleCall
from tensorflow_hub.tools.opening import text_of
from tensorflow_hub.tools.predicting.serving_json import bytes_in, json_of, quoted

# What a request is for → the method that its signature must have.
METHODS = {"classify": "tensorflow/serving/classify", "regress": "tensorflow/serving/regress"}
_FORM = 'For example {"examples": [{"x": 1.0}, {"x": 2.0}]}; see docs/api.md.'


def check_method(asked: str, name: str | None, methods: Mapping[str, str]) -> None:
    """Checks that a signature is one for classifying or for regression.

    Args:
      asked: "classify" or "regress".
      name: the name of the signature; None for a module without a default signature.
      methods: the method of each signature of the module.

    Raises:
      SignatureError: it is none; the hint names those that are.
    """
    wanted = METHODS[asked]
    if name is not None and methods.get(name, wanted) == wanted:
        return
    fitting = sorted(other for other, method in methods.items() if method == wanted)
    raise SignatureError(
        f"Expected a signature with the method {wanted!r}, got "
        + (f"{name!r} with the method {methods[name]!r}." if name else "no default signature."),
        hint=f'Send "signature_name": one of {fitting}.'
        if fitting
        else "The module has no such signature. Use `:predict`.",
    )


def examples_of(call: ModuleCall, body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the input of a call: the examples of a request as serialized `tf.train.Example`.

    Args:
      call: how the module is called.
      body: the request, with `examples` and perhaps `context`.

    Raises:
      SignatureError: the signature does not take serialized examples.
      InputError: the request has no examples, or features that an example cannot have.
    """
    [name, *others] = call.inputs
    if others or call.inputs[name].dtype != "string":
        taken = ", ".join(f"{name}: {tensor}" for name, tensor in call.inputs.items())
        raise SignatureError(
            f"Expected a signature with one input of serialized examples, got one with {taken}.",
            hint="Use `:predict`.",
        )
    context, examples = body.get("context", {}), body["examples"]
    is_list = isinstance(examples, list) and examples
    if not is_list or not all(isinstance(one, dict) for one in (context, *examples)):
        raise InputError(
            f'Expected "examples" as a list of objects, got {quoted(examples)}; "context" as an object, got '
            f"{quoted(context)}.",
            hint=_FORM,
        )
    twice = sorted({feature for one in examples for feature in one if feature in context})
    if twice:
        raise InputError(
            f"Expected each feature in the context or in the examples, got {twice[:5]} in both.", hint=_FORM
        )
    return {name: np.asarray([_serialized({**context, **one}) for one in examples], object)}


def results_of(asked: str, outputs: Mapping[str, Any], rows: int) -> bytes:
    """Returns the answer with the outputs of a call.

    Args:
      asked: "classify" or "regress".
      outputs: NumPy arrays by name.
      rows: the number of examples.

    Raises:
      ModuleError: the outputs are not those that the method of the signature promises.
    """
    return json_of({"results": _classes(outputs, rows) if asked == "classify" else _values(outputs, rows)})


def _classes(outputs: Mapping[str, Any], rows: int) -> list[list[list[Any]]]:
    found = {name: outputs[name] for name in ("classes", "scores") if name in outputs}
    shape: tuple[int, ...] = next((array.shape for array in found.values()), ())
    if len(shape) != 2 or shape[0] != rows or any(array.shape != shape for array in found.values()):
        raise _not_promised(outputs, f"'classes' and 'scores' with the shape [{rows}, classes]")
    labels = found["classes"].tolist() if "classes" in found else [[b""] * shape[1]] * rows
    scores = found["scores"].tolist() if "scores" in found else [[0.0] * shape[1]] * rows
    return [
        [[text_of(label), score] for label, score in zip(*row, strict=True)]
        for row in zip(labels, scores, strict=True)
    ]


def _values(outputs: Mapping[str, Any], rows: int) -> list[float]:
    array = outputs.get("outputs")
    if array is None or array.shape not in {(rows,), (rows, 1)} or array.dtype.kind not in "fiu":
        raise _not_promised(outputs, f"'outputs' with the shape [{rows}] or [{rows}, 1]")
    values: list[float] = array.reshape(rows).tolist()
    return values


def _not_promised(outputs: Mapping[str, Any], expected: str) -> ModuleError:
    got = ", ".join(f"{name!r}: {list(array.shape)}" for name, array in outputs.items())
    return ModuleError(
        f"Expected the outputs {expected} from the signature, got {got}.", hint="Use `:predict`."
    )


def _serialized(features: Mapping[str, Any]) -> bytes:
    found = {name: _feature(name, value) for name, value in features.items()}
    example = tf.train.Example(features=tf.train.Features(feature=found))
    serialized: bytes = example.SerializeToString(deterministic=True)
    return serialized


def _feature(name: str, value: Any) -> Any:
    values = bytes_in(value if isinstance(value, list) else [value])
    kinds = {type(item) for item in values}
    try:
        if kinds == {bytes}:
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if kinds == {int}:
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        if kinds <= {int, float}:  # an empty list too
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    except (ValueError, OverflowError):  # a whole number of more than 64 bits
        pass
    raise InputError(
        f"Expected numbers of at most 64 bits or strings for the feature {name!r:.100}, got {quoted(value)}.",
        hint=_FORM,
    )
