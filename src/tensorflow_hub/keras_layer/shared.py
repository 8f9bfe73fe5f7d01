"""What the layers of both Kerases share: a loaded object, called as Keras calls a layer."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModeError, ModuleError, SignatureError
from tensorflow_hub.loading.call_form import CallForm, fit_inputs, form_of
from tensorflow_hub.loading.load import load


class HubLayer:
    """The part of `KerasLayer` that does not depend on the Keras; mixed in before its `Layer`.

    Subclasses written for earlier releases override or call `_setup_layer`, `_check_trainability`,
    `_add_existing_weight` and `_call_loss_if_trainable`, and read `_func` and `_is_hub_module_v1`.
    """

    trainable: bool
    trainable_weights: list[Any]
    _given_signature: str | None
    _given_output_key: str | None

    def _add_existing_weight(self, weight: tf.Variable, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        raise NotImplementedError

    def _call_loss_if_trainable(self, loss: Callable[[], Any]) -> None:
        """Makes a loss of the loaded object one of the layer's `losses` while the layer is trainable."""
        raise NotImplementedError

    def _prepare(
        self,
        *,
        handle: Any,
        trainable: Any,
        arguments: dict[str, Any] | None,
        tags: Any,
        signature: str | None,
        signature_outputs_as_dict: bool | None,
        output_key: str | None,
        output_shape: Any,
        load_options: Any,
    ) -> None:
        """Loads the handle and checks the choice of signature and output; called before Keras' `__init__`."""
        self._handle = handle
        self._arguments = dict(arguments or {})
        self._tags = tags
        self._signature = signature
        self._signature_outputs_as_dict = signature_outputs_as_dict
        self._output_key = output_key
        self._output_shape = output_shape
        self._load_options = load_options
        self._trainable_filter = None if isinstance(trainable, bool) else _checked_filter(trainable)
        if callable(handle):
            self._func = handle
        elif isinstance(handle, (str, os.PathLike)):
            self._func = load(handle, tags=tags, options=load_options)
        else:
            raise InputError(
                f"Expected a handle (a string) or a callable object, got {handle!r}.",
                hint="Pass a path, a URL, publisher/model/version, or what hub.load() returned.",
            )
        self._is_hub_module_v1 = bool(getattr(self._func, "_is_hub_module_v1", False))
        if self._is_hub_module_v1 and not hasattr(self._func, "call_signature"):
            self._signature = signature or "default"
            if not signature_outputs_as_dict and output_key is None:
                self._output_key = "default"
        self._callee = self._choose_callee()
        self._form = form_of(self._callee)
        self._check_outputs_choice()

    def _choose_callee(self) -> Callable[..., Any]:
        if self._signature is None:
            if not callable(self._func):
                names = sorted(getattr(self._func, "signatures", ()))
                raise SignatureError(
                    f"Expected an object that can be called, but {self._handle!r} has only signatures.",
                    hint=f"Pass signature=… with one of {names}.",
                )
            return self._func  # type: ignore[no-any-return]
        signatures = getattr(self._func, "signatures", {})
        if self._signature not in signatures:
            raise SignatureError(
                f"Expected a signature of {self._handle!r}, one of {sorted(signatures)}, "
                f"got {self._signature!r}.",
                hint="Pass one of these as signature=….",
            )
        return signatures[self._signature]  # type: ignore[no-any-return]

    def _check_outputs_choice(self) -> None:
        if self._signature_outputs_as_dict and self._output_key is not None:
            raise ModuleError(
                "Expected signature_outputs_as_dict=True or output_key=…, got both "
                f"(output_key={self._output_key!r}).",
                hint="Leave one of them out.",
            )
        if self._signature is None:
            if self._signature_outputs_as_dict and not self._is_hub_module_v1:
                raise ModuleError(
                    "Expected signature=… with signature_outputs_as_dict=True, got no signature.",
                    hint="Name the signature, or leave signature_outputs_as_dict out.",
                )
            return
        outputs = list(getattr(self._callee, "structured_outputs", None) or ())
        if self._output_key is not None and outputs and self._output_key not in outputs:
            raise SignatureError(
                f"Expected an output of the signature {self._signature!r}, one of {sorted(outputs)}, "
                f"got output_key={self._output_key!r}.",
                hint="Pass one of these as output_key=….",
            )
        if self._output_key is None and not self._signature_outputs_as_dict:
            if len(outputs) != 1:
                raise ModuleError(
                    f"Expected a choice among the outputs {sorted(outputs)} of the signature "
                    f"{self._signature!r}, got neither output_key nor signature_outputs_as_dict.",
                    hint="Pass output_key=… for one of them, or signature_outputs_as_dict=True for all.",
                )
            self._output_key = outputs[0]

    # --- weights ---------------------------------------------------------------------------------

    def _setup_layer(self, trainable: bool = False, **kwargs: Any) -> None:
        """Runs Keras' own `__init__`, then takes over the object's variables and losses."""
        super().__init__(trainable=trainable, **kwargs)  # type: ignore[call-arg]
        trainable_variables, others = self._variables_by_trainability()
        for variable in trainable_variables:
            self._add_existing_weight(variable, trainable=True)
        for variable in others:
            self._add_existing_weight(variable, trainable=False)
        for loss in getattr(self._func, "regularization_losses", None) or ():
            if not callable(loss):
                raise ModuleError(
                    f"Expected the regularization_losses of {self._handle!r} to be callables without "
                    f"arguments, got {loss!r}.",
                    hint="Export the object with a list of tf.functions there.",
                )
            self._call_loss_if_trainable(loss)

    def _variables_by_trainability(self) -> tuple[list[Any], list[Any]]:
        """The object's variables: those the layer may train, and the rest."""
        source = self._func
        if not hasattr(source, "variables") and not hasattr(source, "trainable_variables"):
            return self._captured_variables()
        candidates = list(getattr(source, "trainable_variables", None) or ())
        chosen = [v for v in candidates if self._trainable_filter is None or self._trainable_filter(v)]
        seen = {id(variable) for variable in chosen}
        rest = [*candidates, *(getattr(source, "variables", None) or ())]
        return chosen, _unique(v for v in rest if id(v) not in seen)

    def _captured_variables(self) -> tuple[list[Any], list[Any]]:
        """For an object without lists of variables: those its traces use, by their own flag."""
        functions = [self._callee] if hasattr(self._callee, "variables") else []
        call = getattr(self._callee, "__call__", None)  # noqa: B004
        functions += list(getattr(call, "concrete_functions", ()) or ())
        variables = _unique(v for function in functions for v in getattr(function, "variables", ()))
        chosen = [
            v
            for v in variables
            if v.trainable and (self._trainable_filter is None or self._trainable_filter(v))
        ]
        seen = {id(variable) for variable in chosen}
        return chosen, [v for v in variables if id(v) not in seen]

    def _check_trainability(self) -> None:
        """Says so, once, when a layer is trainable but has nothing to train."""
        if getattr(self, "_trainability_checked", False):
            return
        self._trainability_checked = True
        if not self.trainable_weights:
            warnings.warn(
                f"The hub.KerasLayer of {self._handle!r} is trainable but has no trainable weights.",
                stacklevel=2,
            )

    # --- calling ---------------------------------------------------------------------------------

    def _run(self, inputs: Any, training: bool) -> Any:
        """Calls the loaded object.

        Args:
          inputs: what Keras passes: tensors, or a nest of them.
          training: whether to call it for training.
        """
        inputs = fit_inputs(inputs, self._form)
        arguments = dict(self._arguments)
        if self._form.takes_training:
            arguments["training"] = training
        try:
            if self._form.takes_keywords:
                outputs = self._call_by_name(inputs, arguments)
            else:
                outputs = self._callee(inputs, **arguments)
        except (TypeError, ValueError) as error:
            if "Could not find matching concrete function" not in str(error):
                raise
            raise self._misfit(inputs, error) from error
        return self._shaped(self._chosen(outputs))

    def _call_by_name(self, inputs: Any, arguments: dict[str, Any]) -> Any:
        names = list(self._form.input_specs[0])
        if isinstance(inputs, dict):
            if set(inputs) != set(names) - set(arguments):
                raise InputError(
                    f"Expected a dict of the inputs {sorted(names)} of the signature {self._signature!r}, "
                    f"got one of {sorted(map(str, inputs))}.",
                    hint="Pass one tensor for each name.",
                )
            return self._callee(**inputs, **arguments)
        if len(names) != 1:
            raise InputError(
                f"Expected a dict of the inputs {sorted(names)} of the signature {self._signature!r}, "
                "got one value.",
                hint="Pass a dict with one tensor for each name.",
            )
        return self._callee(**{names[0]: inputs}, **arguments)

    def _misfit(self, inputs: Any, error: Exception) -> InputError:
        got = tf.nest.map_structure(
            lambda t: (getattr(t, "dtype", type(t)), getattr(t, "shape", "?")), inputs
        )
        ways = " or ".join(str(spec) for spec in self._form.input_specs) or "(unknown)"
        return InputError(
            f"Expected inputs of {self._handle!r} as {ways}, got {got}.",
            hint="Change dtype, shape or nesting of the inputs. TensorFlow says: "
            + str(error).strip()[:2000],
        )

    def _chosen(self, outputs: Any) -> Any:
        if self._output_key is None:
            return outputs
        if not isinstance(outputs, dict):
            raise SignatureError(
                f"Expected a dict of outputs to take output_key={self._output_key!r} from, "
                f"got {type(outputs).__name__}.",
                hint="Leave output_key out.",
            )
        if self._output_key not in outputs:
            raise SignatureError(
                f"Expected an output, one of {sorted(outputs)}, got output_key={self._output_key!r}.",
                hint="Pass one of these as output_key=….",
            )
        return outputs[self._output_key]

    def _shaped(self, outputs: Any) -> Any:
        """Writes the promised `output_shape` onto outputs whose shape TensorFlow does not know."""
        if self._output_shape is None:
            return outputs
        tensors = tf.nest.flatten(outputs)
        shapes = _flat_shapes(self._output_shape)
        if len(shapes) != len(tensors):
            raise InputError(
                f"Expected one output_shape for each of {len(tensors)} outputs, got {self._output_shape!r}.",
                hint="Give output_shape the nesting of the outputs, each without the batch size.",
            )
        for tensor, shape in zip(tensors, shapes, strict=True):
            tensor.set_shape(tf.TensorShape([tensor.shape[0] if tensor.shape.rank else None, *shape]))
        return outputs

    def _input_specs_of(self, shapes: Any, dtype: Any) -> Any:
        """Tensor specs for shapes (a tuple, or a dict or list of tuples), with the dtypes of the traces."""
        form: CallForm = self._form
        spec = form.input_specs[0] if form.input_specs else None
        if form.takes_keywords and not isinstance(shapes, dict) and spec and len(spec) == 1:
            spec = next(iter(spec.values()))
        if isinstance(shapes, dict):
            return {
                k: _spec(s, spec.get(k) if isinstance(spec, dict) else None, dtype) for k, s in shapes.items()
            }
        if isinstance(shapes, (list, tuple)) and shapes and isinstance(shapes[0], (list, tuple)):
            parts = list(spec) if isinstance(spec, (list, tuple)) else [spec] * len(shapes)
            return [_spec(s, part, dtype) for s, part in zip(shapes, parts, strict=False)]
        return _spec(shapes, spec, dtype)

    def _trace(self, specs: Any) -> Any:
        """The structured outputs for inputs of the given specs, found without running anything."""
        run = tf.function(lambda inputs: self._run(inputs, training=False), autograph=False)
        return run.get_concrete_function(specs).structured_outputs

    # --- what it is made of ----------------------------------------------------------------------

    @property
    def resolved_object(self) -> Any:
        """The loaded object that the layer calls."""
        return self._func

    def _own_config(self) -> dict[str, Any]:
        if not isinstance(self._handle, (str, os.PathLike)):
            raise ModeError(
                f"Expected a layer made from a handle (a string), got one made from {self._handle!r}.",
                hint="Save the object with hub.save(…) and make the layer from that path.",
            )
        config: dict[str, Any] = {"handle": os.fspath(self._handle)}
        optional = {
            "arguments": self._arguments or None,
            "tags": sorted(self._tags) if self._tags is not None else None,
            "signature": self._given_signature,
            "signature_outputs_as_dict": self._signature_outputs_as_dict,
            "output_key": self._given_output_key,
            "output_shape": self._output_shape,
        }
        return config | {key: value for key, value in optional.items() if value is not None}


def as_dtype_name(dtype: Any) -> Any:
    """The name of a `tf.DType`, which Keras 3 does not take; anything else unchanged."""
    return dtype.name if isinstance(dtype, tf.DType) else dtype


def _checked_filter(trainable: Any) -> Callable[[Any], bool]:
    if isinstance(trainable, str):
        pattern = re.compile(trainable)
        return lambda variable: pattern.search(variable.name) is not None
    if callable(trainable):
        return lambda variable: bool(trainable(variable))
    raise InputError(
        f"Expected trainable as True, False, a pattern of variable names or a function of a variable, "
        f"got {trainable!r}.",
        hint="For example trainable=True, or trainable='block_1[0-9]/'.",
    )


def _unique(variables: Any) -> list[Any]:
    found: dict[int, Any] = {}
    for variable in variables:
        found.setdefault(id(variable), variable)
    return list(found.values())


def _flat_shapes(shape: Any) -> list[Any]:
    if isinstance(shape, dict):
        return [s for key in sorted(shape) for s in _flat_shapes(shape[key])]
    if isinstance(shape, tf.TensorShape):
        return [shape.as_list()]
    if isinstance(shape, (list, tuple)) and not all(isinstance(d, int) or d is None for d in shape):
        return [s for part in shape for s in _flat_shapes(part)]
    return [list(shape)]


def _spec(shape: Any, traced: Any, dtype: Any) -> tf.TypeSpec:
    dtype = getattr(traced, "dtype", None) or dtype or tf.float32
    if isinstance(traced, tf.RaggedTensorSpec):
        return traced
    return tf.TensorSpec(shape, dtype)
