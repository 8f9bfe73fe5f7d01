"""A loaded module as a function from a batch of images or texts to a vector each.

Hides which of the common interfaces a module has: a callable object (the Reusable SavedModel interface),
a signature of the TF1 Hub format or of a plain SavedModel, or a text preprocessor and encoder in a pair.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.loading.garbage import collection_paused
from tensorflow_hub.loading.load import load
from tensorflow_hub.tools.modules import SIGNATURES, Kind, Located

DEFAULT_IMAGE_SIZE = (224, 224)


@dataclasses.dataclass(frozen=True)
class Opened:
    """A loaded module.

    Attributes:
      image_size: (height, width) in pixels; (0, 0) for texts.
      dimension: length of a feature vector; of several outputs, of all of them together.
      widths: the length of each output.
      apply: tf.function, batch → float32 [b, dimension]; differentiable, in inference mode.
      train: the same in training mode where the module has one (dropout, batch statistics).
      loaded: the loaded objects, to be kept and exported with what uses them.
    """

    image_size: tuple[int, int]
    dimension: int
    widths: tuple[int, ...]
    apply: Any
    train: Any
    loaded: tuple[Any, ...]


@collection_paused()
def open_module(
    module: Located,
    kind: Kind,
    first: Located | None,
    wanted: tuple[str | None, str | Sequence[str] | None, tuple[int, int] | None],
) -> Opened:
    """Loads a module and finds in it the function from images or texts to one vector each.

    Args:
      module: the module.
      kind: what goes in.
      first: for a text encoder in two parts, the part that takes strings.
      wanted: signature, output (or several of them) and (height, width), each None for the usual one.

    Raises:
      ModuleError: there is no such function; says what the module does take.
    """
    signature, output_key, image_size = wanted
    loaded, handle = [load(module.directory)], module.handle
    function = _function(loaded[0], handle, kind, signature, raw=first is not None)
    if first is not None:
        loaded.append(load(first.directory))
        function = _chained(_function(loaded[1], first.handle, "text", None, raw=False), function)
    size = _image_size(loaded[0], signature, image_size) if kind == "image" else (0, 0)
    shape, dtype = ([None, *size, 3], tf.float32) if kind == "image" else ([None], tf.string)
    spec = tf.TensorSpec(shape, dtype)

    keys = [output_key] if output_key is None or isinstance(output_key, str) else list(output_key)
    widths: list[int] = []

    def features(batch: Any, training: bool) -> Any:
        value = function(batch, training)
        vectors = [tf.cast(_one_vector(value, key, handle), tf.float32) for key in keys]
        widths[:] = [int(vector.shape[-1]) for vector in vectors]
        return vectors[0] if len(vectors) == 1 else tf.concat(vectors, axis=1)

    apply = tf.function(lambda batch: features(batch, False), input_signature=[spec], autograph=False)
    train = tf.function(lambda batch: features(batch, True), input_signature=[spec], autograph=False)
    dimension = int(_traced_shape(apply, loaded[0], handle, kind)[-1])
    return Opened(size, dimension, tuple(widths), apply, train, tuple(loaded))


Function = Callable[[Any, bool], Any]


def _function(loaded: Any, handle: str, kind: Kind, signature: str | None, *, raw: bool) -> Function:
    if signature is None and callable(loaded):
        return lambda batch, training: _call(loaded, batch, training)
    signatures = getattr(loaded, "signatures", {})
    names = [signature] if signature is not None else [n for n in SIGNATURES[kind] if n in signatures]
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
    elif output not in {None, "default"}:
        raise ModuleError(
            f"Expected {handle!r} to give several outputs, one of them {output!r}; "
            "it gives one without a name.",
            hint="Leave --output-key away.",
        )
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
    names = [signature] if signature else SIGNATURES["image"]
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
            hint="`tfhub check` shows its interface"
            + ("." if kind == "image" else "; text encoders in two parts need --preprocessor."),
        ) from error
    except tf.errors.OpError as error:  # pragma: no cover - a broken graph
        raise ModuleError(
            f"{handle!r} cannot be called: {error.message}.", hint="Export it again."
        ) from error


def _shape_text(shape: Any) -> str:
    """A shape for people: `[?, 224, 224, 3]`."""
    if shape.rank is None:
        return "of any shape"
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
