"""A module as a function from a batch of images or texts to a matrix of features.

It is loaded when it is first applied. Images are float32 [b, height, width, 3] in [0, 1], texts string [b];
features float32 [b, n].
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.modules import Kind, Located, locate, require_kind
from tensorflow_hub.tools.opening import Opened, open_module
from tensorflow_hub.whole_file import whole_file

FACTS_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Encoder:
    """A module of the image feature vector or text embedding interface, loaded when it is first applied.

    Attributes:
      module: where it came from; its digest covers the preprocessor too.
      kind: `image` or `text`.
      image_size: (height, width) in pixels; (0, 0) for texts.
      dimension: length of a feature vector.
      signature: the signature that is called; empty for the object itself.
      output: the name of the output that is taken; empty for the usual one.
      open: loads it.
    """

    module: Located
    kind: Kind
    image_size: tuple[int, int]
    dimension: int
    signature: str
    output: str
    open: Callable[[], Opened]

    @functools.cached_property
    def _opened(self) -> Opened:
        return self.open()

    @property
    def widths(self) -> tuple[int, ...]:
        """See `Opened`."""
        return self._opened.widths

    @property
    def apply(self) -> Any:
        """See `Opened`."""
        return self._opened.apply

    @property
    def train(self) -> Any:
        """See `Opened`."""
        return self._opened.train

    @property
    def loaded(self) -> tuple[Any, ...]:
        """See `Opened`."""
        return self._opened.loaded

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
    facts: Path | None = None,
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
      facts: a folder to keep what is found out about modules: one that is known is loaded only when it is
        applied.

    Raises:
      DataError: `kind` is something else.
      ModuleError: the module does not map images or texts to one vector each; says what it does take.
    """
    require_kind(kind)
    module = locate(handle)
    first = locate(preprocessor) if preprocessor is not None else None
    wanted = (signature, output_key, image_size)
    opening: Callable[[], Opened] = functools.partial(open_module, module, kind, first, wanted)
    if first is not None:
        module = dataclasses.replace(module, digest=f"{module.digest}+{first.digest}")
    asked = (FACTS_VERSION, module.digest, kind, *wanted)
    name = hashlib.sha256(repr(asked).encode()).hexdigest()[:40]
    known = _read_facts(facts / "facts" / name) if facts else None
    if known is None:
        opened = opening()
        known = (opened.image_size, opened.dimension)
        opening = functools.partial(_same, opened)
        if facts:
            _write_facts(facts / "facts" / name, known)
    output = output_key if output_key is None or isinstance(output_key, str) else ",".join(output_key)
    return Encoder(module, kind, *known, signature or "", output or "", opening)


def _same(opened: Opened) -> Opened:
    return opened


Facts = tuple[tuple[int, int], int]


def _read_facts(path: Path) -> Facts | None:
    """Image size and dimension of a module that was open before."""
    try:
        height, width, dimension = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return None
    return (int(height), int(width)), int(dimension)


def _write_facts(path: Path, facts: Facts) -> None:
    with contextlib.suppress(OSError):  # only a cache
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(json.dumps([*facts[0], facts[1]]).encode())


def as_batch(features: Sequence[Matrix], dimension: int) -> Matrix:
    """Stacks vectors to float32 [n, dimension], also when there are none."""
    return np.stack(features).astype(np.float32) if len(features) else np.zeros((0, dimension), np.float32)
