"""A loaded module as a function: from a batch of images or texts to one vector for each.

Modules are called in different ways: as an object (a Reusable SavedModel), by a signature (TF1 Hub format, or
a plain SavedModel), or in two parts, a text preprocessor and an encoder. The function is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.graphs.call_signature import call_signature_of
from tensorflow_hub.tools.choosing import choose_output, choose_signature, usual_signatures, wrong_input
from tensorflow_hub.tools.modules import Kind

# (batch, whether the call is for training) → the outputs of the module.
Function = Callable[[Any, bool], Any]
_DEFAULT_IMAGE_SIZE = (224, 224)


def function_of(loaded: Any, handle: str, kind: Kind, signature: str | None, *, takes_dict: bool) -> Function:
    """The function that calls a loaded module.

    Args:
      loaded: the module.
      handle: its handle, for messages.
      kind: the kind of its inputs.
      signature: the signature to call; None for the object itself, or the usual signature.
      takes_dict: whether a batch is a dict of tensors, as a text preprocessor gives it.

    Raises:
      SignatureError: there is no such signature.
      InputError: the signature takes several inputs.
    """
    if signature is None and callable(loaded):
        return lambda batch, training: _call(loaded, batch, training)
    signatures = getattr(loaded, "signatures", {})
    name = choose_signature(list(signatures), signature, kind, handle)
    concrete = signatures[name]
    if takes_dict:
        return lambda batch, _: concrete(**batch)
    inputs = list(concrete.structured_input_signature[1])
    if len(inputs) != 1:
        raise InputError(
            f"Expected the signature {name!r} of {handle!r} to take one input, it takes {inputs}.",
            hint="Give a text encoder of two parts its first part with --preprocessor."
            if kind == "text"
            else "Choose another with --signature.",
        )
    return lambda batch, _: concrete(**{inputs[0]: batch})


def _call(loaded: Any, batch: Any, training: bool) -> Any:
    """Calls an object, with the argument `training` if it has one."""
    takes_training = call_signature_of(loaded).takes_training
    return loaded(batch, training=training) if takes_training else loaded(batch)


def vector_of(value: Any, output: str | None, handle: str) -> Any:
    """One output of a module as float32 [b, n].

    Args:
      value: all outputs of the module.
      output: the name of the output to take; None for the usual one.
      handle: the module's handle, for messages.

    Raises:
      ModuleError: there is no such output, or it is not a vector for each example.
    """
    value = choose_output(value, output, handle)
    if not isinstance(value, tf.Tensor):
        raise ModuleError(
            f"Expected {handle!r} to give a tensor, it gives {type(value).__name__}.",
            hint="The tools need a feature vector or an embedding for each example.",
        )
    if value.shape.rank == 4 and value.shape[1:3] == (1, 1):
        value = tf.squeeze(value, [1, 2])
    if value.shape.rank != 2 or value.shape[-1] is None or not value.dtype.is_floating:
        raise ModuleError(
            f"Expected {handle!r} to give one vector of floats for each example, it gives "
            f"{value.dtype.name} {value.shape}.",
            hint="Use a feature vector or embedding module, or choose another output with --output-key.",
        )
    return tf.cast(value, tf.float32)


def image_size_of(loaded: Any, signature: str | None, wanted: tuple[int, int] | None) -> tuple[int, int]:
    """The size of images, (height, width) in pixels: what the module declares, or `wanted`, or 224 by 224.

    Raises:
      InputError: the module takes only other sizes than the wanted one.
    """
    shapes = [spec.shape for specs in _input_specs(loaded, "image", signature) for spec in specs]
    declared = [shape for shape in shapes if shape.rank == 4]
    fixed = [(int(s[1]), int(s[2])) for s in declared if s[1] is not None and s[2] is not None]
    if wanted is None:
        return fixed[0] if fixed else _DEFAULT_IMAGE_SIZE
    if declared and len(fixed) == len(declared) and wanted not in fixed:
        raise InputError(
            f"Expected images of {fixed[0][0]} by {fixed[0][1]} pixels, as the module says, got {wanted}.",
            hint="Leave --image-size out.",
        )
    return wanted


def traced(function: Any, spec: Any, loaded: Any, handle: str, kind: Kind) -> Any:
    """The function as a `tf.function`, traced for batches with a spec.

    Raises:
      ModuleError: the module takes other inputs; the message says which.
    """
    graph = tf.function(function, input_signature=[spec], autograph=False)
    try:
        graph.get_concrete_function()
        return graph
    except ModuleError:
        raise
    except (ValueError, TypeError) as error:
        inputs = (map(_described, specs) for specs in _input_specs(loaded, kind, None))
        raise wrong_input(handle, kind, inputs) from error
    except tf.errors.OpError as error:  # pragma: no cover - a broken graph
        raise ModuleError(
            f"{handle!r} cannot be called: {error.message}.", hint="Export it again."
        ) from error


def _input_specs(loaded: Any, kind: Kind, signature: str | None) -> list[Sequence[Any]]:
    """The specs of the inputs of each function that may be called."""
    functions: list[Any] = []
    if signature is None and callable(loaded):
        functions = list(getattr(loaded.__call__, "concrete_functions", ()))
    signatures = getattr(loaded, "signatures", {})
    functions += [signatures[name] for name in usual_signatures(list(signatures), signature, kind)]
    groups = [tf.nest.flatten(function.structured_input_signature) for function in functions]
    return [[spec for spec in group if isinstance(spec, tf.TensorSpec)] for group in groups]


def _described(spec: Any) -> TensorDescription:
    return TensorDescription(spec.dtype.name, None if spec.shape.rank is None else tuple(spec.shape))
