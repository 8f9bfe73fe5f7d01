"""Models of Keras 3 and Keras 2."""

from __future__ import annotations

from typing import Any


def nested_inputs(model: Any) -> Any:
    """The inputs of a functional model as they were given: a tensor, list or dict; None if unknown.

    Public: `model.inputs` is a flat list in both versions of Keras.
    Since: Keras 2.15 or earlier, and Keras 3.0.
    Without it: a model with a dict of inputs is exported with a list of inputs.
    """
    return getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))  # Keras 3, Keras 2


def shapes_of_first_call(model: Any) -> list[Any]:
    """The input shapes with which a subclassed model of Keras 3 was built, one for each argument; else empty.

    Public: `model.save_spec()` in Keras 2; none in Keras 3.
    Since: Keras 2.15 or earlier, and Keras 3.0.
    Without it: subclassed models cannot be exported, only functional ones.
    """
    return list((getattr(model, "_build_shapes_dict", None) or {}).values())


def computes_losses_when_asked(model: Any) -> bool:
    """Whether a model is one of Keras 2, which computes the losses when `losses` is read.

    Public: `model.losses` returns values in both versions of Keras.
    Since: Keras 2.15 or earlier, and Keras 3.0.
    Without it: regularization losses of models of Keras 2 are not exported.
    """
    return hasattr(model, "_callable_losses")
