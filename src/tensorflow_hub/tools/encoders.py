"""A module as a function from a batch of images or texts to a matrix of features.

Images are float32 [b, height, width, 3] in [0, 1], texts string [b]; features float32 [b, n].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.loading.garbage import collection_paused
from tensorflow_hub.loading.load import load
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.modules import Kind, Located, locate, require_kind
from tensorflow_hub.tools.opening import Function, function_of, image_size_of, traced, vector_of


@dataclasses.dataclass(frozen=True)
class Encoder:
    """A loaded module that gives an image feature vector or text embedding for each example.

    Attributes:
      module: where it came from; its digest covers the preprocessor too.
      kind: `image` or `text`.
      signature: the signature that is called; empty for the object itself.
      output: the name of the output that is taken; empty for the usual one.
      image_size: (height, width) in pixels; (0, 0) for texts.
      dimension: length of a feature vector; of several outputs, of all of them together.
      widths: the length of each output.
      features: (batch, whether in training mode) → float32 [b, dimension]; differentiable.
      apply: the same as a tf.function of a batch, in inference mode.
      loaded: the loaded objects, to be kept and exported with what uses them.
    """

    module: Located
    kind: Kind
    signature: str
    output: str
    image_size: tuple[int, int]
    dimension: int
    widths: tuple[int, ...]
    features: Function
    apply: Any
    loaded: tuple[Any, ...]

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Variables that fine-tuning may change; empty for a module that was exported as fixed."""
        if not any(hasattr(one, "trainable_variables") for one in self.loaded):
            # No Reusable SavedModel: the variables that the graph reads are the answer.
            return tuple(self.apply.get_concrete_function().trainable_variables)
        found = {id(v): v for one in self.loaded for v in getattr(one, "trainable_variables", ())}
        return tuple(found.values())

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables, batch statistics too."""
        found = {id(v): v for one in self.loaded for v in getattr(one, "variables", ())}
        found.update({id(v): v for v in self.apply.get_concrete_function().variables})
        return tuple(found.values())

    @property
    def weight_bytes(self) -> int:
        """What all variables take in memory."""
        return sum((v.shape.num_elements() or 0) * v.dtype.size for v in self.variables)

    def __call__(self, batch: Any) -> Matrix:
        """Features of a batch: float32 images or a sequence of str → float32 NumPy [b, dimension]."""
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
      kind: what goes in, `image` or `text`.
      preprocessor: for a text encoder in two parts, the handle of the part that takes strings.
      signature: the signature to call; by default the object itself, else the first usual one it has.
      output_key: the output to take from several; default `default`, `pooled_output`, or the only one. The
        vectors of a list of outputs are put one after the other.
      image_size: (height, width) for a module that takes any size; default 224 by 224.

    Raises:
      DataError: `kind` is something else.
      ModuleError: the module does not map images or texts to one vector each; says what it does take.
    """
    require_kind(kind)
    module = locate(handle)
    first = locate(preprocessor) if preprocessor is not None else None
    keys = [output_key] if output_key is None or isinstance(output_key, str) else list(output_key)
    with collection_paused():
        return _opened(module, first, kind, signature=signature, keys=keys, wanted_size=image_size)


def _opened(
    module: Located,
    first: Located | None,
    kind: Kind,
    *,
    signature: str | None,
    keys: Sequence[str | None],
    wanted_size: tuple[int, int] | None,
) -> Encoder:
    loaded, handle = [load(module.directory)], module.handle
    function = function_of(loaded[0], handle, kind, signature, takes_dict=first is not None)
    if first is not None:
        loaded.append(load(first.directory))
        function = _chained(function_of(loaded[1], first.handle, "text", None, takes_dict=False), function)
        module = dataclasses.replace(module, digest=f"{module.digest}+{first.digest}")
    size = image_size_of(loaded[0], signature, wanted_size) if kind == "image" else (0, 0)
    shape, dtype = ([None, *size, 3], tf.float32) if kind == "image" else ([None], tf.string)
    widths: list[int] = []

    def features(batch: Any, training: bool) -> Any:
        value = function(batch, training)
        vectors = [vector_of(value, key, handle) for key in keys]
        widths[:] = [int(vector.shape[-1]) for vector in vectors]
        return vectors[0] if len(vectors) == 1 else tf.concat(vectors, axis=1)

    spec = tf.TensorSpec(shape, dtype)
    apply = traced(lambda batch: features(batch, False), spec, loaded[0], handle, kind)
    return Encoder(
        module=module,
        kind=kind,
        signature=signature or "",
        output=",".join(filter(None, keys)),
        image_size=size,
        dimension=sum(widths),
        widths=tuple(widths),
        features=features,
        apply=apply,
        loaded=tuple(loaded),
    )


def _chained(first: Function, second: Function) -> Function:
    """A preprocessor, which is not trained, and the encoder that takes what it gives."""
    return lambda batch, training: second(first(batch, False), training)
