"""Python expressions for example inputs of a model, from the dtypes and shapes of its inputs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tensorflow_hub.format.module.signatures import is_name_of_image_bytes, is_tensor

# Sizes for unknown dimensions: height and width of images, samples of audio, all others.
_PIXELS, _SAMPLES, _OTHERS = 224, 16_000, 16
_IMAGES = 4  # dimensions: batch, height, width, channels
_RAGGED = 2  # dimensions of ragged tensors; of others, nobody knows which dimensions are ragged
_TEXTS = '["a sentence", "and another"]'
# The dtypes of which a program can write zeros; the others are rare, or cannot be written at all.
_WITH_ZEROS = frozenset(
    """bfloat16 bool complex64 complex128 float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32
    uint64""".split()  # noqa: SIM905 - read as text
)
# Ops that read strings as something other than text. The image ops all take a JPEG; for messages and files of
# other formats there is no example, because nobody knows their fields.
_IMAGE_OPS = frozenset({"DecodeAndCropJpeg", "DecodeImage", "DecodeJpeg", "DecodePng"})
_OTHER_OPS = frozenset(
    """DecodeBase64 DecodeBmp DecodeCSV DecodeCompressed DecodeGif DecodeJSONExample DecodeProtoV2 DecodeRaw
    DecodeWav DecodeWebP ParseExample ParseExampleV2 ParseSequenceExample ParseSequenceExampleV2
    ParseSingleExample ParseSingleSequenceExample ParseTensor StringToNumber""".split()  # noqa: SIM905
)


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


def python_values(
    structures: Iterable[Any],
    description: Mapping[str, Any],
    names: Sequence[str] = (),
    *,
    has_tuples: bool = False,
) -> list[str]:
    """Python expressions for the arguments of one call, all with the same batch size.

    Args:
      structures: the arguments.
      description: the description of the module.
      names: the names of the arguments, as far as they are known.
      has_tuples: whether sequences in the arguments are tuples.
    """
    structures = list(structures)
    values = _Values(description, len(tensors_in(structures)) == 1, has_tuples)
    known = [*names, *[""] * len(structures)]
    return [values.of(structure, name) for structure, name in zip(structures, known, strict=False)]


def has_examples(structures: Iterable[Any], description: Mapping[str, Any]) -> bool:
    """Whether there is an example for each tensor of the arguments of a call.

    There is none for serialized messages, for rare dtypes, and for sparse and ragged tensors of unusual rank.
    """
    ops = frozenset(description.get("ops", ()))
    reads_texts = bool(ops & _IMAGE_OPS) or not ops & _OTHER_OPS
    return all(
        (reads_texts if tensor["dtype"] == "string" else tensor["dtype"] in _WITH_ZEROS)
        and (tensor["kind"] == "dense" or tensor["shape"] is not None)
        and (tensor["kind"] != "ragged" or len(tensor["shape"]) == _RAGGED)
        for tensor in tensors_in(list(structures))
    )


def tensors_in(structure: Any) -> list[Mapping[str, Any]]:
    """The tensors of a structure, in their order."""
    if is_tensor(structure):
        return [structure]
    items = structure.values() if isinstance(structure, Mapping) else structure
    if isinstance(items, str) or not isinstance(items, Iterable):
        return []
    return [tensor for item in items for tensor in tensors_in(item)]


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
        common = (1, *_image_size(description), 3)
        sizes = [common[i] if size is None else size for i, size in enumerate(shape)]
    return sizes


def _image_size(description: Mapping[str, Any]) -> tuple[int, int]:
    height, width = description.get("image_size") or (_PIXELS, _PIXELS)
    return height, width


@dataclasses.dataclass(frozen=True)
class _Values:
    """Makes the expressions for one call of a module with this description."""

    description: Mapping[str, Any]
    is_only_input: bool
    has_tuples: bool

    def of(self, structure: Any, name: str) -> str:
        """The expression for an argument, or for a part of one with this name."""
        if is_tensor(structure):
            return self._tensor(structure, name)
        if isinstance(structure, Mapping):
            items = (
                f"{json.dumps(key, ensure_ascii=False)}: {self.of(item, key)}"
                for key, item in structure.items()
            )
            return f"{{{', '.join(items)}}}"
        if isinstance(structure, Sequence) and not isinstance(structure, str):
            parts = ", ".join(self.of(item, name) for item in structure)
            return f"({parts},)" if self.has_tuples else f"[{parts}]"
        if isinstance(structure, float) and not math.isfinite(structure):
            return f'float("{structure}")'
        return repr(structure)

    def _tensor(self, tensor: Mapping[str, Any], name: str) -> str:
        dtype, shape = str(tensor["dtype"]), tensor["shape"]
        if dtype == "string":
            dense = self._strings(shape, name)
        else:
            sizes = example_shape(shape, self.description, is_only_input=self.is_only_input)
            dense = f"tf.zeros({sizes}{'' if dtype == 'float32' else f', tf.{dtype}'})"
            dense = "tf.constant(False)" if dtype == "bool" and not sizes else dense
        if tensor["kind"] == "sparse":
            return f"tf.sparse.from_dense({dense})"
        return f"tf.RaggedTensor.from_tensor({dense})" if tensor["kind"] == "ragged" else dense

    def _strings(self, shape: Sequence[int | None] | None, name: str) -> str:
        sizes = example_shape(shape, self.description, is_only_input=False)
        if (self.is_only_input or is_name_of_image_bytes(name)) and not _IMAGE_OPS.isdisjoint(
            self.description.get("ops", ())
        ):
            height, width = _image_size(self.description)
            return f"tf.fill({sizes}, tf.io.encode_jpeg(tf.zeros([{height}, {width}, 3], tf.uint8)))"
        is_vector = self.is_only_input and (shape is None or list(shape) == [None])
        return f"tf.constant({_TEXTS})" if is_vector else f'tf.fill({sizes}, "a sentence")'
