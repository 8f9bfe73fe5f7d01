"""The outputs of a layer: which output of the module it returns, and with which shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.keras_layer.options import LayerOptions


def output_key_for(options: LayerOptions, names: Sequence[str], preferred: str | None) -> str | None:
    """The name of the output of a signature that a layer returns; None to return all outputs.

    Args:
      options: the arguments of the layer.
      names: the outputs of the signature; empty if they are not known.
      preferred: the output to return if the user names none; None if there is no such output.

    Raises:
      SignatureError: there is no output `output_key`.
      ModuleError: there are several outputs, and the user named none.
    """
    if options.signature_outputs_as_dict or options.endpoints:
        return options.output_key
    signature = options.signature or "default"
    if options.output_key is not None:
        if names and options.output_key not in names:
            raise SignatureError(
                f"Expected an output of the signature {signature!r}, one of "
                f"{sorted(names)}, got output_key={options.output_key!r}.",
                hint="Pass one of these as output_key=….",
            )
        return options.output_key
    if preferred in names:
        return preferred
    if len(names) == 1:
        return names[0]
    raise ModuleError(
        f"Expected output_key or signature_outputs_as_dict for the outputs {sorted(names)} "
        f"of the signature {signature!r}, got neither.",
        hint="Pass output_key=… for one of them, or signature_outputs_as_dict=True for all.",
    )


def select_output(outputs: Any, key: str | None) -> Any:
    """The output with a name; all outputs if the name is None.

    Raises:
      SignatureError: the outputs are not a dict, or have no such name.
    """
    if key is None:
        return outputs
    if not isinstance(outputs, dict):
        raise SignatureError(
            f"Expected a dict of outputs to take output_key={key!r} from, got {type(outputs).__name__}.",
            hint="Do not pass output_key.",
        )
    if key not in outputs:
        raise SignatureError(
            f"Expected an output, one of {sorted(outputs)}, got output_key={key!r}.",
            hint="Pass one of these as output_key=….",
        )
    return outputs[key]


def set_output_shape(outputs: Any, output_shape: Any) -> Any:
    """Sets the static shapes of outputs to the argument `output_shape` of a layer.

    Args:
      outputs: a tensor, or a nest of tensors.
      output_shape: the shape without the batch size, or a nest of shapes; None changes nothing.

    Raises:
      InputError: the number of shapes is not that of the outputs, or a shape is not compatible.
    """
    if output_shape is None:
        return outputs
    tensors = tf.nest.flatten(outputs)
    shapes = _flat_shapes(output_shape)
    if len(shapes) != len(tensors):
        raise InputError(
            f"Expected one output_shape for each of {len(tensors)} outputs, got {output_shape!r}.",
            hint="Pass the nesting of the outputs as output_shape, each shape without the batch size.",
        )
    for tensor, shape in zip(tensors, shapes, strict=True):
        with_batch = tf.TensorShape([tensor.shape[0] if tensor.shape.rank else None, *shape])
        if not with_batch.is_compatible_with(tensor.shape):
            raise InputError(
                f"Expected outputs of the shape output_shape={output_shape!r}, without "
                f"the batch size, got an output of {tensor.shape}.",
                hint="Correct output_shape, or do not pass it.",
            )
        if isinstance(tensor, tf.Tensor):
            tensor.set_shape(with_batch)
    return outputs


def _flat_shapes(shape: Any) -> list[list[int | None]]:
    if isinstance(shape, dict):
        return [s for key in sorted(shape) for s in _flat_shapes(shape[key])]
    if isinstance(shape, (list, tuple)) and not all(isinstance(d, int) or d is None for d in shape):
        return [s for part in shape for s in _flat_shapes(part)]
    return [tf.TensorShape(shape).as_list()]
