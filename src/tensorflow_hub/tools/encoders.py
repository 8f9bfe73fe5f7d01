"""A module as a function from a batch of images or texts to a matrix of features.

Images are float32 [b, height, width, 3] in [0, 1], texts string [b]; features float32 [b, n].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.modules import Kind, Located, locate, require_kind
from tensorflow_hub.tools.opening import Opened, open_module


@dataclasses.dataclass(frozen=True)
class Encoder:
    """A loaded module of the image feature vector or text embedding interface.

    Attributes:
      module: where it came from; its digest covers the preprocessor too.
      kind: `image` or `text`.
      signature: the signature that is called; empty for the object itself.
      output: the name of the output that is taken; empty for the usual one.
      opened: what was loaded; its parts are attributes here too.
    """

    module: Located
    kind: Kind
    signature: str
    output: str
    opened: Opened

    @property
    def image_size(self) -> tuple[int, int]:
        """See `Opened`."""
        return self.opened.image_size

    @property
    def dimension(self) -> int:
        """See `Opened`."""
        return self.opened.dimension

    @property
    def widths(self) -> tuple[int, ...]:
        """See `Opened`."""
        return self.opened.widths

    @property
    def apply(self) -> Any:
        """See `Opened`."""
        return self.opened.apply

    @property
    def train(self) -> Any:
        """See `Opened`."""
        return self.opened.train

    @property
    def loaded(self) -> tuple[Any, ...]:
        """See `Opened`."""
        return self.opened.loaded

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Variables that fine-tuning may change; empty for a module that was exported as fixed."""
        if not any(hasattr(one, "trainable_variables") for one in self.loaded):
            # No Reusable SavedModel: what the graph reads tells.
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
    """Opens a module as an encoder.

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
    opened = open_module(module, kind, first, (signature, output_key, image_size))
    if first is not None:
        module = dataclasses.replace(module, digest=f"{module.digest}+{first.digest}")
    output = output_key if output_key is None or isinstance(output_key, str) else ",".join(output_key)
    return Encoder(module, kind, signature or "", output or "", opened)


def as_batch(features: Sequence[Matrix], dimension: int) -> Matrix:
    """Stacks vectors to float32 [n, dimension], also when there are none."""
    return np.stack(features).astype(np.float32) if len(features) else np.zeros((0, dimension), np.float32)
