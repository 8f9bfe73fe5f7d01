"""Loads a module as a function from a batch of images or texts to a matrix of features.

Images are float32 [b, height, width, 3] in [0, 1], texts string [b]; features float32 [b, n].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import ModuleError
from tensorflow_hub.format.module.calls import ModuleCall
from tensorflow_hub.loading.garbage_collection import collection_paused
from tensorflow_hub.tools.choosing import (
    choose_output,
    encoder_calls,
    image_size_of,
    output_keys,
    wrong_input,
)
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.modules import Kind, Located, locate
from tensorflow_hub.tools.opening import Function, LoadedModule


@dataclasses.dataclass(frozen=True)
class Encoder:
    """A loaded module that gives an image feature vector or text embedding for each example.

    Attributes:
      module: the module on disk. Its digest includes the digest of the preprocessor.
      signature: the name of the signature that is called; empty for the object itself.
      output: the name of the output that is used; empty for the usual one.
      spec: the spec of a batch of inputs.
      image_size: (height, width) in pixels; (0, 0) for texts.
      dimension: the length of a feature vector; for several outputs, the sum of `widths`, their lengths.
      features: a differentiable function: (batch, whether it is for training) → float32 [b, dimension].
      apply: a `tf.function` of a batch, for inference: batch → float32 [b, dimension].
      loaded: the loaded objects. They have to be kept as long as the functions, and saved with them.
    """

    module: Located
    kind: Kind
    signature: str
    output: str
    spec: tf.TensorSpec
    image_size: tuple[int, int]
    dimension: int
    widths: tuple[int, ...]
    features: Function
    apply: Any
    loaded: tuple[Any, ...]

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The variables that fine-tuning may change; empty for a module that cannot be trained."""
        if not any(hasattr(one, "trainable_variables") for one in self.loaded):
            # Not a Reusable SavedModel: take the variables that the graph reads.
            return tuple(self.apply.get_concrete_function().trainable_variables)
        found = {id(v): v for one in self.loaded for v in getattr(one, "trainable_variables", ())}
        return tuple(found.values())

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables, including batch statistics."""
        found = {id(v): v for one in self.loaded for v in getattr(one, "variables", ())}
        found.update({id(v): v for v in self.apply.get_concrete_function().variables})
        return tuple(found.values())

    def __call__(self, batch: Any) -> Matrix:
        """Computes features: float32 images or a sequence of strings → NumPy float32 [b, dimension]."""
        if self.kind == "text":
            batch = tf.constant(np.asarray(batch, object), tf.string)
        result: Matrix = self.apply(batch).numpy()
        return result


def open_encoder(
    handle: str,
    kind: Kind,
    *,
    preprocessor: str | None = None,
    signature: str | None = None,
    output_key: str | Sequence[str] | None = None,
    image_size: tuple[int, int] | None = None,
) -> Encoder:
    """Loads a module as an encoder.

    Args:
      handle: the module's handle.
      kind: the kind of inputs, `image` or `text`.
      preprocessor: for a text encoder in two parts, the handle of the part that takes strings.
      signature: the signature to call; by default the object itself, else the first usual signature.
      output_key: the output to use; by default `default`, `pooled_output`, or the only output. For a list of
        outputs their vectors are concatenated.
      image_size: (height, width) for a module that takes any size; default 224 by 224.

    Raises:
      DataError: `kind` is neither `image` nor `text`.
      ModuleError: the module does not map images or texts to one vector each. The message says what it takes.
    """
    choice = {"preprocessor": preprocessor, "signature": signature, "output_key": output_key}
    calls = encoder_calls(handle, kind, image_size=image_size, **choice)  # type: ignore[arg-type]
    keys = output_keys(output_key)
    size = image_size_of(calls, image_size) if kind == "image" else (0, 0)
    shape, dtype = ([None, *size, 3], tf.float32) if kind == "image" else ([None], tf.string)
    spec = tf.TensorSpec(shape, dtype, "inputs")
    widths: list[int] = []
    with collection_paused():
        module, function, loaded = _load(handle, calls[0], preprocessor)

        def features(batch: Any, training: bool) -> Any:
            value = function(batch, training)
            vectors = [_vector(choose_output(value, key, handle), handle) for key in keys]
            widths[:] = [int(vector.shape[-1]) for vector in vectors]
            return vectors[0] if len(vectors) == 1 else tf.concat(vectors, axis=1)

        apply = tf.function(lambda batch: features(batch, False), input_signature=[spec], autograph=False)
        try:
            apply.get_concrete_function()
        except ModuleError:
            raise
        except (ValueError, TypeError) as error:
            raise wrong_input(handle, kind, calls) from error
    return Encoder(
        module=module,
        kind=kind,
        signature=signature or "",
        output=",".join(filter(None, keys)),
        spec=spec,
        image_size=size,
        dimension=sum(widths),
        widths=tuple(widths),
        features=features,
        apply=apply,
        loaded=loaded,
    )


def _load(
    handle: str, call: ModuleCall, preprocessor: str | None
) -> tuple[Located, Function, tuple[Any, ...]]:
    """Loads a module, and the preprocessor before it.

    Args:
      handle: the module's handle.
      call: the call of the module.
      preprocessor: the handle of the part that takes strings, if there is one.

    Returns:
      The module on disk, with its preprocessor; the function of a batch, through both; the loaded objects.
    """
    module = locate(handle)
    main = LoadedModule(module.directory)
    function = main.function(call)
    if preprocessor is None:
        return module, function, (main.loaded,)
    first = locate(preprocessor)
    part = LoadedModule(first.directory)
    prepare = part.function(encoder_calls(preprocessor, "text", output_key=())[0])

    def prepared(batch: Any, training: bool) -> Any:
        return function(prepare(batch, False), training)  # the preprocessor is not trained

    both = dataclasses.replace(module, preprocessor=first)
    return both, prepared, (main.loaded, part.loaded)


def _vector(value: Any, handle: str) -> Any:
    """Returns an output of a module as float32 [b, n].

    Raises:
      ModuleError: the output is not a vector for each example.
    """
    if not isinstance(value, tf.Tensor):
        raise ModuleError(
            f"Expected {handle!r} to give a tensor, it gives {type(value).__name__}.",
            hint="The tools need a feature vector or an embedding for each example.",
        )
    if value.shape.rank == 4 and value.shape[1:3] == (1, 1):
        value = tf.squeeze(value, [1, 2])
    if value.shape.rank != 2 or value.shape[-1] is None or not value.dtype.is_floating:
        raise ModuleError(
            f"Expected {handle!r} to give one vector of floats for each example, it gives "
            f"{value.dtype.name} {value.shape}.",
            hint="Use a feature vector or embedding module, or choose another output with --output-key.",
        )
    return tf.cast(value, tf.float32)
