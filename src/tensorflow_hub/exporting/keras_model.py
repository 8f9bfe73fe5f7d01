"""`hub.export_keras_model`: writes Keras models as modules that can be loaded, called and trained."""

from __future__ import annotations

import importlib
import os
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, NotFoundError
from tensorflow_hub.exporting.hub_format import outputs_by_name, write_hub_format
from tensorflow_hub.exporting.savable_module import SavableModule, write_saved_model
from tensorflow_hub.format.archive.zip_archive import MAGIC
from tensorflow_hub.internals.keras_models import (
    computes_losses_when_asked,
    nested_inputs,
    shapes_of_first_call,
)
from tensorflow_hub.internals.trackables import is_saved_resource


def export_keras_model(model: Any, path: str | os.PathLike[str], *, format: str = "saved_model_2") -> None:
    """Writes a Keras model as a module, with the inputs and outputs of the model.

    Args:
      model: a built model of Keras 3 or Keras 2 (a subclassed model has to be called once), or the path of a
        `.keras` or `.h5` file.
      path: a directory that does not exist.
      format: "saved_model_2", or "hub" for TF1 Hub format.

    Raises:
      NotFoundError: the file does not exist.
      ExportError: the model cannot be read, is not built, or cannot be written.

    Example::

        model = keras.Sequential([keras.Input([8]), keras.layers.Dense(2)])
        hub.export_keras_model(model, "my_module")
        hub.load("my_module")(tf.zeros([3, 8]))  # float32 [3, 2]
    """
    if isinstance(model, (str, os.PathLike)):
        model = read_keras_model(os.fspath(model))
    write_module(reusable_from_keras(model), os.fspath(path), format)


def write_module(module: SavableModule, path: str, format: str) -> None:
    """Writes a module in one of the two formats.

    Args:
      module: the module.
      path: a directory that does not exist.
      format: "saved_model_2" or "hub".

    Raises:
      ExportError: there is no such format, or the module cannot be written.
    """
    if format == "saved_model_2":
        write_saved_model(module, path)
    elif format == "hub":
        write_hub_format(module, path)
    else:
        raise ExportError(
            f"Expected the format 'saved_model_2' or 'hub', got {format!r}.", hint="Pass one of the two."
        )


def read_keras_model(path: str) -> Any:
    """Reads a model that Keras 3 or Keras 2 saved.

    Raises:
      NotFoundError: the file does not exist.
      ExportError: neither version of Keras can read the file.
    """
    if not os.path.exists(path):
        raise NotFoundError(
            f"Expected a Keras model at {path!r}, but there is no file.", hint="Pass a .keras or .h5 file."
        )
    if os.path.isfile(path) and not _begins_as_model(path):
        raise ExportError(
            f"Expected a file in the format .keras or .h5, got {path!r} with other content.",
            hint="Save the model with model.save('model.keras'), and pass this file.",
        )
    problems = []
    for name in ("keras", "tf_keras"):
        model, problem = _read_with(name, path)
        if model is not None:
            return model
        problems.append(problem)
    raise ExportError(
        f"Expected a model that Keras can load at {path!r}. " + "; ".join(filter(None, problems)),
        hint="Save it with model.save('model.keras').",
    )


def _begins_as_model(path: str) -> bool:
    """Whether a file begins as a ZIP archive, which `.keras` is, or as HDF5; True if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(4).startswith((*MAGIC, b"\x89HDF"))
    except OSError:  # Keras says why
        return True


def _read_with(name: str, path: str) -> tuple[Any, str]:
    """Reads a model with the Keras package `name`. Returns the model and "", or None and an error message."""
    try:
        return importlib.import_module(name).models.load_model(path, compile=False), ""
    except ModuleNotFoundError:
        return None, ""
    except Exception as error:  # Keras raises various errors here
        return None, f"{name}: {str(error).strip().split(chr(10))[0] or repr(error)}"


def reusable_from_keras(model: Any, call: Any = None, outputs: str = "default") -> SavableModule:
    """Wraps a Keras model in an object with the Reusable SavedModel interface.

    Args:
      model: the built model.
      call: a function `(inputs, training)` that calls the model, with steps before or after it; None for the
        model itself.
      outputs: the name of the output in the signature, if the model has one output.

    Returns:
      An object with a `__call__` that takes `training`, and with a signature `serving_default`.
    """
    specs = _input_specs(model)
    function = call or (lambda inputs, training: model(inputs, training=training))
    module = SavableModule()
    module.model = module.untracked(model)  # otherwise hundreds of objects of the model would be saved too
    module._state = [*_tf_variables(model.variables), *_resources(model)]
    module.variables = _tf_variables(model.weights)
    module.trainable_variables = _tf_variables(model.trainable_weights)
    module.regularization_losses = _regularization_losses(model)

    def run_once(inputs: Any, training: bool = False) -> Any:
        return function(inputs, training)

    run = tf.function(run_once, autograph=False)

    module.call_spec = module.untracked(specs)
    module.__dict__["__call__"] = run
    module.signatures = module.untracked({"serving_default": _serving(run, specs, outputs)})
    return module


def _serving(run: Any, specs: Any, outputs: str) -> Any:
    """The function of the signature, from inputs by name to outputs by name."""
    flat = tf.nest.flatten(specs)

    def serve(*tensors: Any) -> dict[str, Any]:
        return outputs_by_name(run(tf.nest.pack_sequence_as(specs, tensors), training=False), outputs)

    return tf.function(serve, autograph=False, input_signature=flat)


def _input_specs(model: Any) -> Any:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return _specs_of_first_call(model)
    specs = [_spec(tensor, f"input_{i}" if len(inputs) > 1 else "inputs") for i, tensor in enumerate(inputs)]
    structure = nested_inputs(model)
    if isinstance(structure, dict):
        return {key: _spec(tensor, key) for key, tensor in structure.items()}
    return specs[0] if len(specs) == 1 else specs


def _specs_of_first_call(model: Any) -> Any:
    """The specs of the inputs of a subclassed model, from its first call, for any batch size."""
    if hasattr(model, "save_spec") and model.save_spec():  # Keras 2
        (arguments, _) = model.save_spec()
        return tf.nest.map_structure(lambda spec: tf.TensorSpec(spec.shape, spec.dtype), arguments[0])
    shapes = shapes_of_first_call(model)  # Keras 3
    if len(shapes) != 1:
        raise ExportError(
            f"Expected a Keras model with known inputs, got {type(model).__name__} "
            f"{getattr(model, 'name', model)!r}.",
            hint="Build it with keras.Input, or call it once on data before exporting.",
        )
    return _specs_of_shapes(shapes[0], model.input_dtype, "inputs")


def _specs_of_shapes(shapes: Any, dtype: Any, name: str) -> Any:
    if isinstance(shapes, dict):
        return {key: _specs_of_shapes(shape, dtype, key) for key, shape in shapes.items()}
    if shapes and isinstance(shapes[0], (list, tuple)):
        return [_specs_of_shapes(shape, dtype, f"input_{i}") for i, shape in enumerate(shapes)]
    return tf.TensorSpec((None, *shapes[1:]), dtype, name)


def _spec(tensor: Any, name: str) -> tf.TensorSpec:
    return tf.TensorSpec(tuple(tensor.shape), getattr(tensor.dtype, "name", tensor.dtype), name)


def _tf_variables(variables: Any) -> list[tf.Variable]:
    """The `tf.Variable`s of variables of Keras 2 or Keras 3."""
    return [v if isinstance(v, tf.Variable) else v.value for v in variables]


def _resources(model: Any) -> list[Any]:
    """The tables and assets of a model."""
    return list(filter(is_saved_resource, tf.train.TrackableView(model).descendants()))


def _regularization_losses(model: Any) -> list[Any]:
    regularized = [v for v in model.trainable_weights if getattr(v, "regularizer", None) is not None]
    if regularized:
        return [_loss(lambda v=v: v.regularizer(v)) for v in regularized]
    if computes_losses_when_asked(model):
        return [_loss(lambda i=i: model.losses[i]) for i in range(len(model.losses))]
    return []


def _loss(compute: Any) -> Any:
    function = tf.function(lambda: tf.cast(compute(), tf.float32), autograph=False, input_signature=[])
    function.get_concrete_function()
    return function
