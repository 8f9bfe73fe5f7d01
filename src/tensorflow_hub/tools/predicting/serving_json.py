"""Converts the JSON of TensorFlow Serving's REST API: requests to tensors, outputs to answers.

    {"instances": [{"a": 1, "b": "x"}, …]}  → {"predictions": [{"y": …}, …]}    row by row
    {"inputs": {"a": [1, …], "b": ["x", …]}} → {"outputs": {"y": [ …]}}         input by input

The names are left out if there is only one input, or one output. Bytes are `{"b64": "…"}`; an output of
strings is written so if its name ends with `_bytes`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.format.module.calls import ModuleCall
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.tools.opening import text_of
from tensorflow_hub.tools.running.inputs import wrong_value

_FORM = 'For example {"instances": [1.0, 2.0]}; see docs/api.md.'


def tensors_of(call: ModuleCall, body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs of a call as NumPy arrays by name, for the body of a request.

    Raises:
      InputError: the request has neither `instances` nor `inputs` or both, or values that do not fit. The
        message says what the module takes.
    """
    if ("instances" in body) == ("inputs" in body):
        raise InputError('Expected either "instances" or "inputs" in the body.', hint=_FORM)
    given = _by_input(call, body["instances"]) if "instances" in body else body["inputs"]
    if len(call.inputs) == 1 and not _is_by_name(given, call):
        given = dict.fromkeys(call.inputs, given)
    if not isinstance(given, dict) or set(given) != set(call.inputs):
        raise _names_differ(call, given)
    return {name: _array(given[name], name, tensor) for name, tensor in call.inputs.items()}


def answer_of(body: Mapping[str, Any], outputs: Mapping[str, Any]) -> bytes:
    """Returns the answer with the outputs of a call, in the form of the request.

    Raises:
      InputError: the request has instances, and an output does not have one row for each of them.
    """
    values = {name: _plain(array, name) for name, array in outputs.items()}
    if "inputs" in body:
        return json_of({"outputs": _alone(values)})
    count = len(body["instances"])
    wrong = next((name for name, array in outputs.items() if array.ndim == 0 or len(array) != count), None)
    if wrong is not None:
        raise InputError(
            f"The output {wrong!r} has the shape {list(outputs[wrong].shape)}, no row for each of the "
            f"{count} instances.",
            hint='Send "inputs" in place of "instances".',
        )
    rows = zip(*values.values(), strict=True)
    return json_of({"predictions": [_alone(dict(zip(values, row, strict=True))) for row in rows]})


def _by_input(call: ModuleCall, instances: Any) -> Any:
    """Returns the values of each input by its name, or the instances themselves where they have no names."""
    if not isinstance(instances, list) or not instances:
        raise InputError(f'Expected "instances" as a list with values, got {quoted(instances)}.', hint=_FORM)
    if _is_by_name(instances[0], call):
        wrong = next(
            (one for one in instances if not _is_by_name(one, call) or set(one) != set(instances[0])), None
        )
        if wrong is not None:
            raise InputError(
                f"Expected instances with the inputs {sorted(instances[0])}, got {quoted(wrong)}.",
                hint=_FORM,
            )
        return {name: [one[name] for one in instances] for name in instances[0]}
    if len(call.inputs) != 1:
        raise _names_differ(call, instances[0])
    return instances


def _is_by_name(value: Any, call: ModuleCall) -> bool:
    return isinstance(value, dict) and (set(value) != {"b64"} or "b64" in call.inputs)


def _array(value: Any, name: str, tensor: TensorDescription) -> Any:
    """Returns a value of JSON as a NumPy array of the type that the module takes."""
    if tensor.kind != "dense":
        raise InputError(
            f"The module takes a {tensor}, which cannot be written as JSON.",
            hint="Load it: hub.load(handle).",
        )
    value = bytes_in(value)
    try:
        array = np.asarray(value, object if tensor.dtype == "string" else None)
    except ValueError as error:
        hint = "All lists of one level need the same length."
        raise wrong_value(quoted(value), name, tensor, hint) from error
    if tensor.dtype == "string":
        fits, wanted = all(isinstance(item, bytes) for item in array.ravel()), "strings"
    elif tensor.dtype == "bool":
        fits, wanted = array.dtype.kind == "b", "true and false"
    elif "float" in tensor.dtype:
        fits, wanted = array.dtype.kind in "iuf", "numbers"
    else:
        fits, wanted = array.dtype.kind in "iu", "integers"
    if not fits:
        raise wrong_value(quoted(value), name, tensor, f"Send {wanted}.")
    if not tf.TensorShape(tensor.shape).is_compatible_with(array.shape):
        hint = f"The value has the shape {list(array.shape)}."
        raise wrong_value(quoted(value), name, tensor, hint)
    return array if tensor.dtype == "string" else array.astype(tf.as_dtype(tensor.dtype).as_numpy_dtype)


def bytes_in(value: Any) -> Any:
    """Returns a value of JSON with all strings as bytes."""
    if isinstance(value, list):
        return [bytes_in(item) for item in value]
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error as error:
            raise InputError(
                f'Expected base64 in "b64", got {quoted(value["b64"])}.', hint=str(error)
            ) from error
    return value


def _plain(array: Any, name: str) -> Any:
    """Returns an output as JSON values."""
    if array.dtype.kind in "OSU":
        write = _b64 if name.endswith("_bytes") else text_of
        return np.vectorize(write, otypes=[object])(array).tolist()
    return array.astype(np.float64).tolist() if array.dtype.kind == "V" else array.tolist()


def _b64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _alone(values: dict[str, Any]) -> Any:
    """Returns the outputs by name; the only output without its name."""
    return next(iter(values.values())) if len(values) == 1 else values


def json_of(value: Any) -> bytes:
    """Returns JSON as TensorFlow Serving writes it: with NaN and Infinity, which standard JSON lacks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _names_differ(call: ModuleCall, given: Any) -> InputError:
    wanted = ", ".join(f"{name or 'one without a name'}: {tensor}" for name, tensor in call.inputs.items())
    got = f"the names {sorted(given)}" if isinstance(given, dict) else quoted(given)
    return InputError(f"Expected the inputs {wanted}; got {got}.", hint=_FORM)


def quoted(value: Any) -> str:
    """Returns a value as in JSON for a message, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, default=text_of)
    return text if len(text) <= 60 else text[:59] + "…"
