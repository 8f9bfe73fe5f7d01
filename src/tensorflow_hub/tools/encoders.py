"""A module as a function from a batch of images or texts to a matrix of features.

Hides which of the common interfaces a module has: a callable object (the Reusable SavedModel interface),
a signature of the TF1 Hub format or of a plain SavedModel, or a text preprocessor and encoder in a pair.
Interfaces: images float32 [b, height, width, 3] in [0, 1] → [b, n]; texts string [b] → [b, n].
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.tools.modules import Located, load, locate
from tensorflow_hub.tools.retrain.head import Matrix

Kind = Literal["image", "text"]
DEFAULT_IMAGE_SIZE = (224, 224)
FACTS_VERSION = 1
_SIGNATURES = {
    "image": ("image_feature_vector", "default", "serving_default"),
    "text": ("default", "serving_default"),
}


@dataclasses.dataclass(frozen=True)
class Opened:
    """A loaded module.

    Attributes:
      image_size: (height, width) in pixels; (0, 0) for texts.
      dimension: length of a feature vector.
      apply: tf.function, batch → float32 [b, dimension]; differentiable, in inference mode.
      train: the same in training mode where the module has one (dropout, batch statistics).
      loaded: the loaded objects, to be kept and exported with what uses them.
    """

    image_size: tuple[int, int]
    dimension: int
    apply: Any
    train: Any
    loaded: tuple[Any, ...]


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

    def __call__(self, batch: Any) -> Matrix:
        """Features of a batch: float32 images or a sequence of str → float32 NumPy [b, dimension]."""
        if self.kind == "text":
            batch = tf.constant(list(batch), tf.string)
        result: Matrix = self.apply(batch).numpy()
        return result


def open_encoder(
    handle: str,
    kind: Kind,
    *,
    preprocessor: str | None = None,
    signature: str | None = None,
    output_key: str | None = None,
    image_size: tuple[int, int] | None = None,
    facts: Path | None = None,
) -> Encoder:
    """Opens a module as an encoder.

    Args:
      handle: the module's handle.
      kind: what goes in, `image` or `text`.
      preprocessor: for a text encoder in two parts, the handle of the part that takes strings.
      signature: the signature to call; by default the object itself, else the first usual one it has.
      output_key: the output to take from several; default `default`, `pooled_output`, or the only one.
      image_size: (height, width) for a module that takes any size; default 224 by 224.
      facts: a folder to keep what is found out about modules: one that is known is loaded only when it is
        applied.

    Raises:
      ModuleError: the module does not map images or texts to one vector each; says what it does take.
    """
    module = locate(handle)
    first = locate(preprocessor) if preprocessor is not None else None
    wanted = (signature, output_key, image_size)
    opening: Callable[[], Opened] = functools.partial(_open, module, kind, first, wanted)
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
    return Encoder(module, kind, *known, signature or "", output_key or "", opening)


def _same(opened: Opened) -> Opened:
    return opened


def _open(
    module: Located,
    kind: Kind,
    first: Located | None,
    wanted: tuple[str | None, str | None, tuple[int, int] | None],
) -> Opened:
    signature, output_key, image_size = wanted
    loaded, handle = [load(module.directory)], module.handle
    function = _function(loaded[0], handle, kind, signature, raw=first is not None)
    if first is not None:
        loaded.append(load(first.directory))
        function = _chained(_function(loaded[1], first.handle, "text", None, raw=False), function)
    size = _image_size(loaded[0], signature, image_size) if kind == "image" else (0, 0)
    shape, dtype = ([None, *size, 3], tf.float32) if kind == "image" else ([None], tf.string)
    spec = tf.TensorSpec(shape, dtype)

    def features(batch: Any, training: bool) -> Any:
        return tf.cast(_one_vector(function(batch, training), output_key, handle), tf.float32)

    apply = tf.function(lambda batch: features(batch, False), input_signature=[spec], autograph=False)
    train = tf.function(lambda batch: features(batch, True), input_signature=[spec], autograph=False)
    dimension = int(_traced_shape(apply, loaded[0], handle, kind)[-1])
    return Opened(size, dimension, apply, train, tuple(loaded))


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
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps([*facts[0], facts[1]]), encoding="utf-8")
        temporary.replace(path)


Function = Callable[[Any, bool], Any]


def _function(loaded: Any, handle: str, kind: Kind, signature: str | None, *, raw: bool) -> Function:
    if signature is None and callable(loaded):
        return lambda batch, training: _call(loaded, batch, training)
    signatures = getattr(loaded, "signatures", {})
    names = [signature] if signature is not None else [n for n in _SIGNATURES[kind] if n in signatures]
    if not names or names[0] not in signatures:
        raise SignatureError(
            f"Expected a module for {kind}s, but {handle!r} is not callable and has "
            f"{'the signatures ' + ', '.join(map(repr, signatures)) if signatures else 'no signatures'}"
            f"{f', not {signature!r}' if signature else ''}.",
            hint="Name one with --signature, or look at the module: `tfhub check`.",
        )
    concrete = signatures[names[0]]
    inputs = list(concrete.structured_input_signature[1])
    if len(inputs) != 1 and not raw:
        raise InputError(
            f"Expected the signature {names[0]!r} of {handle!r} to take one input, it takes {inputs}.",
            hint="Give a text encoder of two parts its first part with --preprocessor."
            if kind == "text"
            else "Choose another with --signature.",
        )

    def call(batch: Any, training: bool) -> Any:
        return concrete(**batch) if raw else concrete(**{inputs[0]: batch})

    return call


def _call(loaded: Any, batch: Any, training: bool) -> Any:
    """Calls an object whose functions may or may not have an argument `training`."""
    if _takes_training(loaded):
        return loaded(batch, training=training)
    return loaded(batch)


def _takes_training(loaded: Any) -> bool:
    functions = getattr(getattr(loaded, "__call__", None), "concrete_functions", None)  # noqa: B004
    if not functions:
        return False
    spec = getattr(loaded.__call__, "function_spec", None)
    names = getattr(spec, "arg_names", ()) or getattr(getattr(spec, "fullargspec", None), "args", ())
    keywords = getattr(getattr(spec, "fullargspec", None), "kwonlyargs", ())
    return "training" in {*names, *keywords}


def _chained(first: Function, second: Function) -> Function:
    return lambda batch, training: second(first(batch, False), training)


def _one_vector(value: Any, output: str | None, handle: str) -> Any:
    """The one tensor [b, n] among a module's outputs."""
    if isinstance(value, dict):
        names = [output] if output else ["default", "pooled_output", *(value if len(value) == 1 else ())]
        found = [name for name in names if name in value]
        if not found:
            raise ModuleError(
                f"Expected {handle!r} to give one output, it gives {sorted(value)}.",
                hint="Choose one with --output-key.",
            )
        value = value[found[0]]
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
    return value


def _image_size(loaded: Any, signature: str | None, wanted: tuple[int, int] | None) -> tuple[int, int]:
    """The size the module declares, else the wanted one, else the usual one."""
    declared = [shape for shape in _input_shapes(loaded, signature) if shape.rank == 4]
    fixed = [(int(s[1]), int(s[2])) for s in declared if s[1] is not None and s[2] is not None]
    if wanted is None:
        return fixed[0] if fixed else DEFAULT_IMAGE_SIZE
    if declared and len(fixed) == len(declared) and wanted not in fixed:
        raise InputError(
            f"Expected images of {fixed[0][0]} by {fixed[0][1]} pixels, as the module says, got {wanted}.",
            hint="Leave --image-size away.",
        )
    return wanted


def _input_shapes(loaded: Any, signature: str | None) -> Sequence[Any]:
    return [spec.shape for group in _input_specs(loaded, signature) for spec in group]


def _input_specs(loaded: Any, signature: str | None) -> list[list[Any]]:
    """The tensors that each function takes which may be called."""
    functions: list[Any] = []
    if signature is None and callable(loaded):
        functions = list(getattr(loaded.__call__, "concrete_functions", ()))
    signatures = getattr(loaded, "signatures", {})
    names = [signature] if signature else _SIGNATURES["image"]
    functions += [signatures[name] for name in names if name in signatures]
    groups = [tf.nest.flatten(f.structured_input_signature) for f in functions]
    return [[spec for spec in group if isinstance(spec, tf.TensorSpec)] for group in groups]


def _traced_shape(apply: Any, loaded: Any, handle: str, kind: Kind) -> Any:
    """Traces the function: here a module that takes something else is noticed."""
    try:
        return apply.get_concrete_function().output_shapes
    except ModuleError:
        raise
    except (ValueError, TypeError) as error:
        wanted = "images, float32 [b, height, width, 3]" if kind == "image" else "texts, string [b]"
        taken = dict.fromkeys(
            " and ".join(f"{spec.dtype.name} {_shape_text(spec.shape)}" for spec in group)
            for group in _input_specs(loaded, None)
        )
        raise InputError(
            f"Expected {handle!r} to take {wanted}; it takes {' or '.join(taken) or 'something else'}.",
            hint="`tfhub check` shows its interface; text encoders in two parts need --preprocessor.",
        ) from error
    except tf.errors.OpError as error:  # pragma: no cover - a broken graph
        raise ModuleError(
            f"{handle!r} cannot be called: {error.message}.", hint="Export it again."
        ) from error


def as_batch(features: Sequence[Matrix], dimension: int) -> Matrix:
    """Stacks vectors to float32 [n, dimension], also when there are none."""
    return np.stack(features).astype(np.float32) if len(features) else np.zeros((0, dimension), np.float32)


def _shape_text(shape: Any) -> str:
    """A shape for people: `[?, 224, 224, 3]`."""
    if shape.rank is None:
        return "of any shape"
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
