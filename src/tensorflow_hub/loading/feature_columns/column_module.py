"""The module of a feature column: a `hub.Module` in a graph, an object of `hub.load` in an eager program."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModeError, SignatureError
from tensorflow_hub.format.module.default_signature import DEFAULT, default_signature
from tensorflow_hub.graphs.module_spec import ModuleSpec
from tensorflow_hub.internals.columns import add_weights_of_column
from tensorflow_hub.loading.load import load
from tensorflow_hub.loading.tf1.module import Module

_RESOURCE = "hub_module"
_OBJECT = "hub_object"


def in_graph_program() -> bool:
    """Whether the program is in graph mode; False in an eager program, also while a function is traced."""
    with tf.init_scope():
        return not tf.executing_eagerly()


class GraphModule:
    """A `hub.Module` as a function from inputs to one output.

    Attributes:
      variables: all variables of the module.
      trainable_variables: those that are trained.
      tracked: the object to save with the layer; None.
    """

    def __init__(self, spec: ModuleSpec, trainable: bool) -> None:
        self._module = Module(spec, trainable=trainable)
        self.variables = self._module.variables
        trained = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES) if trainable else []
        self.trainable_variables = [v for v in self.variables if any(v is other for other in trained)]
        self.tracked = None

    def __call__(self, inputs: dict[str, Any], output: str | None = None) -> Any:
        """Returns one output, by default `"default"`."""
        return self._module(inputs, as_dict=True)[output or DEFAULT]


class EagerModule:
    """An object of `hub.load` as a function from inputs to one output.

    Attributes:
      variables: all variables of the module.
      trainable_variables: those that are trained.
      tracked: the object to save with the layer: the loaded object.
    """

    def __init__(self, handle: str, trainable: bool) -> None:
        self.tracked = load(handle)
        self.variables = list(getattr(self.tracked, "variables", ()))
        declared = getattr(self.tracked, "trainable_variables", None)
        if declared is None:
            declared = [variable for variable in self.variables if variable.trainable]
        self.trainable_variables = list(declared) if trainable else []

    def __call__(self, inputs: dict[str, Any], output: str | None = None) -> Any:
        """Returns one output, by default `"default"` or the only one."""
        by_signature = output is not None and "default" in getattr(self.tracked, "signatures", {})
        if callable(self.tracked) and not by_signature:
            (single,) = inputs.values()
            result = self.tracked(single)
        else:
            result = self._signature()(**inputs)
        return result[output or DEFAULT] if isinstance(result, dict) else result

    def _signature(self) -> Any:
        name = default_signature(self.tracked.signatures)
        if name is None:
            raise SignatureError(
                f"Expected a module with the signature {DEFAULT!r}, got {sorted(self.tracked.signatures)}.",
                hint="Use a module that is callable or has this signature.",
            )
        return self.tracked.signatures[name]


def module_of(column: Any, make: Any, state_manager: Any) -> Any:
    """The module of a column in a layer. It is created at the first call and then shared.

    Its variables become weights of the layer, and its objects are saved with the layer.

    Args:
      column: the column.
      make: creates the module.
      state_manager: TensorFlow's `StateManager` of the layer.
    """
    if state_manager.has_resource(column, _RESOURCE):
        return state_manager.get_resource(column, _RESOURCE)
    module = make()
    state_manager.add_resource(column, _RESOURCE, module)
    if module.tracked is not None:
        state_manager.add_resource(column, _OBJECT, module.tracked)
    trained = {id(variable) for variable in module.trainable_variables}
    add_weights_of_column(
        state_manager,
        [variable for variable in module.variables if id(variable) in trained],
        [variable for variable in module.variables if id(variable) not in trained],
    )
    return module


def handle_of(spec: ModuleSpec | str) -> str:
    """The handle of a module, for `hub.load` in an eager program.

    Raises:
      ModeError: the module was created in this program, so it has no handle.
    """
    if isinstance(spec, str):
        return spec
    if spec.directory is None:
        raise ModeError(
            "Expected a module on disk for a feature column in an eager program, "
            "got one that was created in this program.",
            hint="Export it first and pass the directory, or build the model in a tf.Graph.",
        )
    return spec.directory
