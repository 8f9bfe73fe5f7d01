"""Writes a Reusable SavedModel: callable, with `variables`, `trainable_variables` and a signature.

The interface is that of https://www.tensorflow.org/hub/reusable_saved_models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf


def save(
    directory: Path,
    apply: Callable[[Any, bool], Any],
    inputs: tf.TensorSpec | Mapping[str, tf.TensorSpec],
    *,
    variables: Sequence[tf.Variable] = (),
    trainable: Sequence[tf.Variable] | None = None,
    attributes: Mapping[str, Any] | None = None,
    signatures: Mapping[str, Callable[..., Any]] | None = None,
    output: str = "default",
) -> None:
    """Writes `apply` as a module directory.

    Args:
      directory: where to write.
      apply: `apply(inputs, training)` → a tensor or a dict of tensors; traced for both values of
        `training`, a Python bool.
      inputs: the spec of its argument, or a dict of specs.
      variables: all variables that it reads.
      trainable: those to fine-tune; None for all of a floating dtype.
      attributes: other trackable objects to keep, by the name under which a user finds them: assets,
        tables, further functions.
      signatures: further signatures, by name, as functions of named tensors.
      output: what the signature calls a lone tensor: "logits" tells a classifier from a feature vector.
    """
    module = tf.train.Checkpoint()
    module.variables = list(variables)
    module.trainable_variables = (
        [v for v in variables if v.dtype.is_floating] if trainable is None else list(trainable)
    )
    module.regularization_losses = []
    for name, value in (attributes or {}).items():
        setattr(module, name, value)

    @tf.function
    def call(inputs: Any, training: bool = False) -> Any:
        return apply(inputs, training)

    module.__call__ = call
    for training in (False, True):
        call.get_concrete_function(_named(inputs), training=training)
    serving = {"serving_default": serving_function(lambda x: call(x, training=False), inputs, output)}
    tf.saved_model.save(module, str(directory), signatures={**serving, **(signatures or {})})


def serving_function(
    apply: Callable[[Any], Any], inputs: tf.TensorSpec | Mapping[str, tf.TensorSpec], output: str = "default"
) -> Callable[..., Any]:
    """A signature out of `apply`: named tensors in, a dict out; a lone tensor is `inputs`, or `output`."""
    specs = _named(inputs if isinstance(inputs, Mapping) else {"inputs": inputs})

    def serve(**tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = apply(tensors if isinstance(inputs, Mapping) else tensors["inputs"])
        return dict(outputs) if isinstance(outputs, Mapping) else {output: outputs}

    return tf.function(serve).get_concrete_function(**specs)


def _named(inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in inputs.items()}
    return tf.TensorSpec(inputs.shape, inputs.dtype, "inputs")
