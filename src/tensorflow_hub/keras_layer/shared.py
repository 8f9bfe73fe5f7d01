"""What the layers of both Kerases share: a loaded object that Keras calls and trains as a layer."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

import tensorflow as tf

from tensorflow_hub.errors import HubError, InputError, ModeError, ModuleError, ResolveError
from tensorflow_hub.graphs.variable_names import unique_names
from tensorflow_hub.keras_layer.callee import Callee
from tensorflow_hub.keras_layer.options import LayerOptions, checked_trainable
from tensorflow_hub.loading.fitting import described
from tensorflow_hub.loading.load import load
from tensorflow_hub.loading.origin import part_of
from tensorflow_hub.loading.replicas import check_made_in_scope, first_replica

# The line that a program with models of a Keras needs.
_IMPORT_FOR = {
    "keras": "from tensorflow_hub.keras_layer.keras3 import KerasLayer",
    "tf_keras": "from tensorflow_hub.keras_layer.keras2 import KerasLayer",
}

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _unconverted(method: _Method) -> _Method:
    """Keeps AutoGraph away: what it raises is no error of ours any more."""
    wrapper = tf.autograph.experimental.do_not_convert(method)
    wrapper.__signature__ = inspect.signature(method)  # Keras 2 asks for `training` and `mask`
    return wrapper  # type: ignore[no-any-return]


class HubLayer:
    """A module as a Keras layer.

    Args:
      handle: a path, a URL, `publisher/model/version` on the configured hub, or a callable object that
        follows the Reusable SavedModel interface (`__call__`, `variables`, `trainable_variables`,
        `regularization_losses`).
      trainable: whether the module's weights are trained; may be set later. A pattern (a string, searched
        in the variables' names) or a function of a variable chooses which of them may be.
      arguments: keyword arguments passed to the callable with every call.
      tags: tags of the graph to load; see `hub.load`.
      signature: the name of a signature to call in place of the object itself.
      signature_outputs_as_dict: whether a signature's outputs come as a dict.
      output_key: the output to take where there are several.
      output_shape: shape of the outputs without the batch size, where the module does not tell it.
      load_options: `tf.saved_model.LoadOptions`.
      endpoints: one or more names of tensors inside the module (see `hub.with_endpoints`) to give as extra
        outputs, in the same pass. The outputs then come as a dict, in which a single one of the module is
        "default".
      part: the attributes that lead to the part of the module to call in place of the module itself, as
        "tokenize" or "parts.tokenize", or a list of them.
      **kwargs: as for any Keras layer: `name`, `dtype`, `input_shape`.

    Raises:
      ResolveError: the handle leads nowhere.
      SignatureError: there is no such signature or output.

    Example:
      ```
      model = tf.keras.Sequential([
          hub.KerasLayer("acme/text-embedding/1", input_shape=[], dtype=tf.string, trainable=True),
          tf.keras.layers.Dense(1),
      ])
      ```
    """

    # The part of `KerasLayer` that does not depend on the Keras, mixed in before its `Layer`. Subclasses
    # written for earlier releases override or call `_setup_layer`, `_check_trainability`,
    # `_add_existing_weight` and `_call_loss_if_trainable`, and read `_func` and `_is_hub_module_v1`. They
    # also call `super(KerasLayer, self).__init__` and mean that of Keras: here it is `_initialize`.

    name: str
    trainable: bool
    trainable_weights: list[Any]
    _trainability_checked = False
    _base: ClassVar[Any]  # the `Layer` of the Keras

    def _initialize(  # noqa: PLR0917
        self,
        handle: Any,
        trainable: Any = False,
        arguments: dict[str, Any] | None = None,
        _sentinel: None = None,
        tags: Any = None,
        signature: str | None = None,
        signature_outputs_as_dict: bool | None = None,
        output_key: str | None = None,
        output_shape: Any = None,
        load_options: Any = None,
        *,
        endpoints: Any = (),
        part: Any = (),
        **kwargs: Any,
    ) -> None:
        """Serves both layers as `__init__`."""
        if _sentinel is not None:
            raise InputError(
                f"Expected the options after `arguments` by keyword, got {_sentinel!r} by position.",
                hint="Write KerasLayer(handle, trainable=…, signature=…).",
            )
        options = LayerOptions(
            handle,
            checked_trainable(trainable),
            arguments or {},
            [tags] if isinstance(tags, str) else tags,
            signature,
            signature_outputs_as_dict,
            output_key,
            output_shape,
            load_options,
            (endpoints,) if isinstance(endpoints, str) else tuple(endpoints),
            tuple(part.split(".")) if isinstance(part, str) else tuple(part),
        )
        self._prepare(options)
        self._setup_layer(options.is_trainable, **self._arguments_of_keras({"autocast": False, **kwargs}))
        self._finish_setup()

    def _arguments_of_keras(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments for the `__init__` of Keras."""
        return kwargs

    def _finish_setup(self) -> None:
        if type(self).build is self._base.build:  # type: ignore[attr-defined]
            self.built = True

    def _add_existing_weight(self, weight: Any, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        raise NotImplementedError

    def _call_loss_if_trainable(self, loss: Callable[[], Any]) -> Callable[[], Any]:
        """A loss of the loaded object as a callable for `add_loss` that gives 0 while the layer is frozen."""
        return LossWhileTrainable(self, loss)

    def _own_weights(self) -> list[Any]:
        """The weights of the layer itself, those that training may change first."""
        raise NotImplementedError

    def _prepare(self, options: LayerOptions) -> None:
        """Loads the module, before Keras' own `__init__`."""
        self._options = options
        if options.has_string_handle:
            module = load(options.handle, tags=options.tags, options=options.load_options)
            self._func = part_of(module, options.part)
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
            self.add_loss(self._call_loss_if_trainable(loss))  # type: ignore[attr-defined]

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
        # Unique as they are saved: without the slashes, which make folders in a file of weights.
        names = unique_names([v.name.split(":")[0].replace("/", ".") for v in everything])
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
            pattern = self._options.trainable
            chosen = f" that match {pattern!r}" if isinstance(pattern, str) else ""
            warnings.warn(
                f"The hub.KerasLayer of {self._options.handle!r} is trainable but has no trainable weights"
                f"{chosen}.",
                stacklevel=2,
            )

    @_unconverted
    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls the loaded object; `training` counts only while the layer is trainable."""
        if tf.is_tensor(training):
            static = tf.get_static_value(training)
            if static is None:
                return tf.cond(
                    tf.cast(training, tf.bool),
                    lambda: self._apply(inputs, training=True),
                    lambda: self._apply(inputs, training=False),
                )
            training = static
        return self._apply(inputs, training=bool(training))

    @_unconverted
    def _apply(self, inputs: Any, training: bool) -> Any:
        """Calls the loaded object; for training only while the layer is trainable."""
        if self.trainable:
            self._check_trainability()
        training = training and self.trainable
        if training:
            check_made_in_scope([getattr(w, "hub_variable", w) for w in self._own_weights()])
        with unchanged_errors(), contextlib.nullcontext() if training else first_replica():
            outputs = self._callee(inputs, training=training)
        return tf.nest.map_structure(self._in_precision, outputs)

    def _in_precision(self, output: Any) -> Any:
        """An output in the layer's precision, under a policy of another than the usual."""
        dtype = self._output_dtype()
        if dtype in {"float16", "bfloat16", "float64"} and tf.is_tensor(output) and output.dtype.is_floating:
            return tf.cast(output, dtype)
        return output

    def _output_dtype(self) -> str | None:
        raise NotImplementedError

    def _refuse_other_keras(self, inputs: Any) -> None:
        """Refuses symbolic inputs of the other Keras.

        Raises:
          ModeError: there is one.
        """
        own = self._base.__module__.split(".")[0]
        for leaf in tf.nest.flatten(inputs):
            symbols = [kind for kind in type(leaf).__mro__ if kind.__name__ == "KerasTensor"]
            if any(kind.__module__.split(".")[0] != own for kind in symbols):
                other = "keras" if own == "tf_keras" else "tf_keras"
                raise ModeError(
                    f"Expected an input of the Keras that this layer is one of ({own}), got one of {other}.",
                    hint=f"Write `{_IMPORT_FOR[other]}` for models of {other}, or build all with {own}. "
                    "TF_USE_LEGACY_KERAS=1 makes both tf.keras and hub.KerasLayer those of Keras 2.",
                )

    def __repr__(self) -> str:
        """What the layer is; the other Keras quotes it when it refuses the layer."""
        own = self._base.__module__.split(".")[0]
        other = "keras" if own == "tf_keras" else "tf_keras"
        both = {"keras", "tf_keras"} <= sys.modules.keys()
        note = f", a layer of {own}; for models of {other}: {_IMPORT_FOR[other]}" if both else ""
        return f"<KerasLayer name={self.name}, handle={self._options.handle!r:.200}{note}>"

    def _check_training(self, training: Any) -> None:
        """Refuses a second input where `training` goes.

        Raises:
          InputError: `training` is no truth value.
        """
        is_symbol = any(kind.__name__ == "KerasTensor" for kind in type(training).__mro__)
        rank = training.shape.rank if tf.is_tensor(training) else getattr(training, "ndim", 0)
        if is_symbol or rank or isinstance(training, (list, tuple, dict, str)):
            raise InputError(
                "Expected training as True or False, the second argument of a layer, "
                f"got {described(training)}.",
                hint="Pass several inputs as one list or dict: layer([a, b]).",
            )

    def _trace(self, specs: Any) -> Any:
        """The outputs' specs for inputs of given specs, found without running anything."""
        run = tf.function(lambda inputs: self._apply(inputs, training=False), autograph=False)
        outputs = run.get_concrete_function(specs).structured_outputs
        return tf.nest.map_structure(_spec_of, outputs)

    def _output_shapes(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of a shape (or a dict or list of shapes)."""
        specs = self._callee.input_specs(input_shape)
        outputs = self._trace(specs)
        if self._options.output_shape is None:
            return tf.nest.map_structure(lambda spec: spec.shape, outputs)
        batch = tf.nest.flatten(specs)[0].shape[:1]
        return tf.nest.map_structure(lambda spec: batch.concatenate(spec.shape[1:]), outputs)

    def get_config(self) -> dict[str, Any]:
        """The configuration, for layers made from a handle."""
        return {**super().get_config(), **self._options.config(self.trainable)}  # type: ignore[misc]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that a configuration describes.

        Raises:
          ResolveError: the module is not at the handle any more.
        """
        try:
            return super().from_config(config)  # type: ignore[misc]
        except Exception as error:  # Keras makes every error a TypeError
            cause = error if isinstance(error, HubError) else error.__context__
            if not isinstance(cause, HubError):
                raise
            raise _of_saved_layer(cause, config) from error

    def save_own_variables(self, store: Any) -> None:
        """Saves the weights by their names in the module, whichever of them are trainable."""
        for name, weight in self._weights_by_name().items():
            store[name] = weight.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Loads weights saved by name, or by number as other Keras layers save theirs."""
        weights = self._weights_by_name()
        if set(store.keys()) != set(weights):
            super().load_own_variables(store)  # type: ignore[misc]
            return
        for name, weight in weights.items():
            weight.assign(store[name])

    def _weights_by_name(self) -> dict[str, Any]:
        names = self._callee.weight_names
        return {
            names.get(id(getattr(weight, "hub_variable", weight)), f"own_{i}"): weight
            for i, weight in enumerate(self._own_weights())
        }

    @property
    def resolved_object(self) -> Any:
        """The loaded object that the layer calls."""
        return self._func


@dataclasses.dataclass(frozen=True)
class LossWhileTrainable:
    """A loss that is 0 while its layer is frozen.

    Attributes:
      layer: the layer.
      loss: gives a scalar.
    """

    layer: Any
    loss: Callable[[], Any]

    def __call__(self) -> Any:
        """The loss, float32."""
        if not self.layer.trainable:
            return 0.0
        with first_replica():
            return self.loss()


@contextlib.contextmanager
def unchanged_errors() -> Iterator[None]:
    """Keeps Keras from turning our errors into RuntimeErrors."""
    try:
        yield
    except HubError as error:
        error._keras_call_info_injected = True
        raise


def _of_saved_layer(error: HubError, config: dict[str, Any]) -> HubError:
    """The error of a layer that is made anew, with what leads to a module that has moved."""
    handle = config.get("handle")
    hint = error.hint
    if isinstance(error, ResolveError) and "TFHUB_MIRRORS" not in hint:
        hint += f" If the module is elsewhere now, say where: TFHUB_MIRRORS='{_absolute(handle)} -> …'."
    return type(error)(f"A saved layer names the module {handle!r}. {error.problem}", hint=hint)


def _absolute(handle: Any) -> str:
    return str(handle) if "://" in str(handle) else os.path.abspath(handle)  # noqa: PTH100


def _unique(variables: Any) -> list[Any]:
    found: dict[int, Any] = {}
    for variable in variables:
        found.setdefault(id(variable), variable)
    return list(found.values())


def _spec_of(output: Any) -> Any:
    """The spec of an output; composite tensors come from a trace as tensors."""
    return output if isinstance(output, tf.TypeSpec) else tf.type_spec_from_value(output)
