"""What `tf.saved_model.save` does with signatures."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tensorflow.python.saved_model import signature_serialization


def signature_map(functions: Mapping[str, Any]) -> Any:
    """Functions by name in the form in which TensorFlow keeps the signatures of a loaded object.

    Public: `tf.saved_model.save` makes one of what it is given as `signatures=…`; a plain dict as an
    attribute of that name is refused.
    Since: TensorFlow 2.15 or earlier.
    Without it: a module of TensorFlow 1 inside of another object is saved without its signatures.
    """
    signatures, *_ = signature_serialization.canonicalize_signatures(dict(functions))
    return signature_serialization.create_signature_map(signatures)


def is_looking_for_signature() -> bool:
    """Whether `tf.saved_model.save` is looking for a signature now, because none was passed.

    Public: TensorFlow asks an object for its children in the same way in all cases; only the caller differs.
    Since: TensorFlow 2.15 or earlier.
    Without it: a module of TensorFlow 1 would be saved without its signatures, and no error say so.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is signature_serialization.find_function_to_export.__code__:
            return True
    return False
