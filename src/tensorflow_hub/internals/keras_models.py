"""Models and errors of either Keras."""

from __future__ import annotations

from typing import Any


def nested_inputs(model: Any) -> Any:
    """The inputs of a functional model as they were given: a tensor, list or dict; None where unknown.

    Public: `model.inputs` is flat, in both Kerases.
    Since: Keras 2.15 or earlier, and Keras 3.0.
    Without it: a model made with a dict of inputs is exported with a list of them.
    """
    return getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))  # Keras 3, Keras 2


def shapes_of_first_call(model: Any) -> list[Any]:
    """The shapes that a subclassed model of Keras 3 was built for, one for each argument; else empty.

    Public: `model.save_spec()` tells it in Keras 2; in Keras 3 nothing does.
    Since: Keras 2.15 or earlier, and Keras 3.0.
    Without it: a subclassed model has to be made a functional one to be exported.
    """
    return list((getattr(model, "_build_shapes_dict", None) or {}).values())


def computes_losses_when_asked(model: Any) -> bool:
    """Whether a model is one of Keras 2, which keeps losses as functions and computes them when asked.

    Public: `model.losses` gives values in both Kerases; in Keras 3 those of the variables' regularizers.
    Since: Keras 2.15 or earlier, and Keras 3.0.
    Without it: regularization losses of models of Keras 2 are left out of exports.
    """
    return hasattr(model, "_callable_losses")
