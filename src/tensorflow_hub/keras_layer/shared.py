"""What the layers of both Kerases share: a loaded object that Keras calls and trains as a layer."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import HubError, ModuleError
from tensorflow_hub.keras_layer.callee import Callee
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.loading.load import load
from tensorflow_hub.loading.variable_names import unique_names


class HubLayer:
    """The part of `KerasLayer` that does not depend on the Keras; mixed in before its `Layer`.

    Subclasses written for earlier releases override or call `_setup_layer`, `_check_trainability`,
    `_add_existing_weight` and `_call_loss_if_trainable`, and read `_func` and `_is_hub_module_v1`.
    """

    trainable: bool
    trainable_weights: list[Any]
    _trainability_checked = False

    def _add_existing_weight(self, weight: tf.Variable, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        raise NotImplementedError

    def _call_loss_if_trainable(self, loss: Callable[[], Any]) -> None:
        """Makes a loss of the loaded object one of the layer's `losses` while the layer is trainable."""
        raise NotImplementedError

    def _prepare(self, options: LayerOptions) -> None:
        """Loads the module, before Keras' own `__init__`."""
        self._options = options
        if options.has_string_handle:
            self._func = load(options.handle, tags=options.tags, options=options.load_options)
        else:
            self._func = options.handle
        self._is_hub_module_v1 = bool(getattr(self._func, "_is_hub_module_v1", False))
        self._callee = Callee(self._func, options)

    def _setup_layer(self, trainable: bool = False, **kwargs: Any) -> None:
        """Runs Keras' own `__init__`, then takes over the object's variables and losses."""
        super().__init__(trainable=trainable, **kwargs)  # type: ignore[call-arg]
        trained, others = self._variables_by_trainability()
        for variable in trained:
            self._add_existing_weight(variable, trainable=True)
        for variable in others:
            self._add_existing_weight(variable, trainable=False)
        for loss in getattr(self._func, "regularization_losses", None) or ():
            if not callable(loss):
                raise ModuleError(
                    f"Expected the regularization_losses of {self._options.handle!r} to be callables "
                    f"without arguments, got {loss!r}.",
                    hint="Export the object with a list of tf.functions there.",
                )
            self._call_loss_if_trainable(loss)

    def _variables_by_trainability(self) -> tuple[list[Any], list[Any]]:
        """The object's variables: those that training changes, and the rest.

        An object without lists of its variables has those that its traces use, by their own flags.
        """
        listed = [getattr(self._func, name, None) for name in ("trainable_variables", "variables")]
        if listed == [None, None]:
            everything = _unique(self._callee.variables())
            candidates = [variable for variable in everything if variable.trainable]
        else:
            candidates = _unique(listed[0] or ())
            everything = _unique([*candidates, *(listed[1] or ())])
        names = unique_names([variable.name.split(":")[0] for variable in everything])
        self._callee.weight_names = {id(v): name for v, name in zip(everything, names, strict=True)}
        trained = [variable for variable in candidates if self._options.chosen(variable)]
        chosen = {id(variable) for variable in trained}
        return trained, [variable for variable in everything if id(variable) not in chosen]

    def _check_trainability(self) -> None:
        """Warns, once, when the layer is trainable but has nothing to train."""
        if self._trainability_checked:
            return
        self._trainability_checked = True
        if not self.trainable_weights:
            warnings.warn(
                f"The hub.KerasLayer of {self._options.handle!r} is trainable but has no trainable weights.",
                stacklevel=2,
            )

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def _apply(self, inputs: Any, training: bool) -> Any:
        """Calls the loaded object; for training only while the layer is trainable."""
        if self.trainable:
            self._check_trainability()
        try:
            outputs = self._callee(inputs, training=training and self.trainable)
        except HubError as error:
            error._keras_call_info_injected = True  # type: ignore[attr-defined]  # else a RuntimeError
            raise
        return tf.nest.map_structure(self._in_precision, outputs)

    def _in_precision(self, output: Any) -> Any:
        """An output in the layer's precision, under a policy of another than the usual."""
        dtype = self._output_dtype()
        if dtype in {"float16", "bfloat16", "float64"} and output.dtype.is_floating:
            return tf.cast(output, dtype)
        return output

    def _output_dtype(self) -> str | None:
        raise NotImplementedError

    def _trace(self, specs: Any) -> Any:
        """The outputs' specs for inputs of given specs, found without running anything."""
        run = tf.function(lambda inputs: self._apply(inputs, training=False), autograph=False)
        return run.get_concrete_function(specs).structured_outputs

    @property
    def resolved_object(self) -> Any:
        """The loaded object that the layer calls."""
        return self._func


def _unique(variables: Any) -> list[Any]:
    found: dict[int, Any] = {}
    for variable in variables:
        found.setdefault(id(variable), variable)
    return list(found.values())
