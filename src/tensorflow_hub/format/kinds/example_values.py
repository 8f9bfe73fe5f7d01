"""Python expressions for example inputs of a model, from the dtypes and shapes of its inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Sizes for unknown dimensions: height and width of images, samples of audio, all others.
_PIXELS, _SAMPLES, _OTHERS = 224, 16_000, 16
_IMAGES = 4  # dimensions: batch, height, width, channels
_TEXTS = '["a sentence", "and another"]'


def python_value(structure: Any, description: Mapping[str, Any]) -> str:
    """A Python expression for an argument: a tensor, or a nest of lists, dicts, tensors and other values.

    Args:
      structure: the argument in the description of a module, such as
        `{"dtype": "int32", "shape": [None], "kind": "dense"}`.
      description: the description of the module, for the size of its images.

    >>> python_value({"dtype": "int32", "shape": [None, 2], "kind": "dense"}, {})
    'tf.zeros([1, 2], tf.int32)'
    >>> python_value({"words": {"dtype": "string", "shape": [None], "kind": "dense"}, "twice": True}, {})
    '{"words": tf.constant(["a sentence", "and another"]), "twice": True}'
    """
    return python_values([structure], description)[0]


def python_values(structures: Iterable[Any], description: Mapping[str, Any]) -> list[str]:
    """Python expressions for the arguments of one call, all with the same batch size."""
    structures = list(structures)
    is_only_input = len(tensors_in(structures)) == 1
    return [_value(structure, description, is_only_input=is_only_input) for structure in structures]


def tensors_in(structure: Any) -> list[Mapping[str, Any]]:
    """The tensors of a structure, in their order."""
    if is_tensor(structure):
        return [structure]
    items = structure.values() if isinstance(structure, Mapping) else structure
    if isinstance(items, str) or not isinstance(items, Iterable):
        return []
    return [tensor for item in items for tensor in tensors_in(item)]


def is_tensor(structure: Any) -> bool:
    """Whether a part of a description describes a tensor."""
    return isinstance(structure, Mapping) and set(structure) == {"dtype", "shape", "kind"}


def example_shape(
    shape: Sequence[int | None] | None, description: Mapping[str, Any], *, is_only_input: bool = True
) -> list[int]:
    """A fully defined shape for an example: batch size 1, and usual sizes for other unknown dimensions.

    Args:
      shape: the shape of the tensor; None if its rank is unknown.
      description: the description of the module.
      is_only_input: whether the tensor is the only input. Then a single unknown dimension is taken for the
        samples of audio.

    >>> example_shape([None, None, None, 3], {}), example_shape(None, {})
    ([1, 224, 224, 3], [1])
    """
    if shape is None:
        return [1]
    if is_only_input and len(shape) == 1 and shape[0] is None:
        return [_SAMPLES]
    sizes = [size if size is not None else 1 if i == 0 else _OTHERS for i, size in enumerate(shape)]
    if len(shape) == _IMAGES:
        height, width = description.get("image_size") or (_PIXELS, _PIXELS)
        common = (1, height, width, 3)
        sizes = [common[i] if size is None else size for i, size in enumerate(shape)]
    return sizes


def _value(structure: Any, description: Mapping[str, Any], *, is_only_input: bool) -> str:
    if is_tensor(structure):
        return _tensor(structure, description, is_only_input=is_only_input)
    if isinstance(structure, Mapping):
        items = (
            json.dumps(name, ensure_ascii=False)
            + f": {_value(item, description, is_only_input=is_only_input)}"
            for name, item in structure.items()
        )
        return f"{{{', '.join(items)}}}"
    if isinstance(structure, Sequence) and not isinstance(structure, str):
        parts = (_value(item, description, is_only_input=is_only_input) for item in structure)
        return f"[{', '.join(parts)}]"
    return repr(structure)


def _tensor(tensor: Mapping[str, Any], description: Mapping[str, Any], *, is_only_input: bool) -> str:
    dtype, shape = str(tensor["dtype"]), tensor["shape"]
    sizes = example_shape(shape, description, is_only_input=is_only_input)
    if dtype == "string":
        is_vector = is_only_input and (shape is None or list(shape) == [None])
        dense = f"tf.constant({_TEXTS})" if is_vector else f'tf.fill({sizes}, "a sentence")'
    elif dtype == "bool" and not sizes:
        dense = "tf.constant(False)"
    else:
        dense = f"tf.zeros({sizes}{'' if dtype == 'float32' else f', tf.{dtype}'})"
    if tensor["kind"] == "sparse":
        return f"tf.sparse.from_dense({dense})"
    return f"tf.RaggedTensor.from_tensor({dense})" if tensor["kind"] == "ragged" else dense
