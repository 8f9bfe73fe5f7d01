"""The functions to save with a loaded graph of TensorFlow 1: its call and its signatures.

`tf.saved_model.save` saves a method only if it is a `tf.function`. It saves the signatures of the object that
is passed to it only if they are passed too. Signatures of objects inside of that object are saved like any
attribute.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, SignatureError
from tensorflow_hub.internals.saving import is_looking_for_signature, signature_map


def functions_to_save(module: Any) -> dict[str, Any]:
    """The functions to save with a `ReusableModule`, by the names of its attributes.

    Args:
      module: a `ReusableModule`.

    Raises:
      ExportError: the module itself is being saved, and no signatures were passed.
    """
    if len(module.signatures) > 0 and is_looking_for_signature():
        raise ExportError(
            f"Expected tf.saved_model.save(…, signatures=…) for a module of TensorFlow 1 with the signatures "
            f"{sorted(module.signatures)}, got none: TensorFlow saves only the signatures in this argument.",
            hint="Use hub.save(module, path), or pass signatures=dict(module.signatures).",
        )
    # TensorFlow refuses a plain dict as an attribute with this name.
    functions = {"signatures": signature_map(module.signatures)}
    call = _call(module)
    return functions if call is None else functions | {"__call__": call}


def _call(module: Any) -> Any:
    """`__call__` as a function, traced for both values of `training`; None without a default signature."""
    try:
        specs = module.input_specs(module.default_signature())
    except SignatureError:
        return None

    def call(inputs: Any, training: bool = False) -> Any:
        return module(inputs, training=training)

    function = tf.function(call, autograph=False)
    spec = next(iter(specs.values())) if len(specs) == 1 else specs
    for training in (False, True):
        function.get_concrete_function(spec, training=training)
    return function
