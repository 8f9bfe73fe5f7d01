"""Signatures in `tf.saved_model.save`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tensorflow.python.saved_model import signature_serialization


def signature_map(functions: Mapping[str, Any]) -> Any:
    """The object in which TensorFlow stores the signatures of a loaded object.

    Public: `tf.saved_model.save` makes one from its argument `signatures`. It refuses a plain dict in
    an attribute of this name.
    Since: TensorFlow 2.15 or earlier.
    Without it: a module of TensorFlow 1 that is an attribute of another object is saved without signatures.
    """
    signatures, *_ = signature_serialization.canonicalize_signatures(dict(functions))
    return signature_serialization.create_signature_map(signatures)


def is_looking_for_signature() -> bool:
    """Whether `tf.saved_model.save` is searching for a signature, because none was passed to it.

    Public: none. TensorFlow reads the children of an object in the same way in all cases.
    Since: TensorFlow 2.15 or earlier.
    Without it: a module of TensorFlow 1 may be saved without its signatures, and without an error.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is signature_serialization.find_function_to_export.__code__:
            return True
    return False
