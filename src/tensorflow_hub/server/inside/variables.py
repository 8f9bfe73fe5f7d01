"""Lists the variables of a deployment: name, dtype, shape and size, from the index of its checkpoint."""

from __future__ import annotations

import dataclasses
import functools
import json

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module import layout
from tensorflow_hub.format.module.checkpoint import parse_checkpoint
from tensorflow_hub.format.module.tensor_types import Shape, elements, shape_text
from tensorflow_hub.server.inside.stored_files import StoredFiles

# The largest index that is read, in bytes, because larger ones would take seconds.
_LARGEST_INDEX = 16 << 20
_OBJECT = "/.ATTRIBUTES/VARIABLE_VALUE"
_NOT_VARIABLES = ("_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter")
_BYTES = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8, "float16": 2, "uint8": 1, "uint16": 2}


@dataclasses.dataclass(frozen=True)
class Variable:
    """A variable; `size` in bytes."""

    name: str
    dtype: str
    shape: Shape
    size: int

    @property
    def type(self) -> str:
        """The dtype and shape as text: `float32[3, 4]`."""
        return f"{self.dtype}{shape_text(self.shape)}"


@functools.lru_cache(maxsize=8)
def variables_in(files: StoredFiles) -> tuple[Variable, ...]:
    """Returns the variables of a deployment, sorted by name; none for formats without named variables.

    Raises:
      FormatError: the index of the checkpoint is damaged.
      TooLarge: it is larger than 16 MiB.
    """
    paths = {file.path for file in files.index.files}
    if layout.VARIABLES_INDEX in paths:
        return _of_checkpoint(files.read(layout.VARIABLES_INDEX, most=_LARGEST_INDEX))
    if layout.TFJS_MODEL in paths:
        return _of_tfjs(files.read(layout.TFJS_MODEL, most=_LARGEST_INDEX))
    return ()


def _of_checkpoint(data: bytes) -> tuple[Variable, ...]:
    found = []
    for name, entry in sorted(parse_checkpoint(data).tensors().items()):
        shown = name.removesuffix(_OBJECT)
        if shown not in _NOT_VARIABLES:
            size = entry.size or _size(entry.dtype, entry.shape)
            found.append(Variable(shown, entry.dtype, entry.shape, size))
    return tuple(found)


def _of_tfjs(data: bytes) -> tuple[Variable, ...]:
    try:
        groups = json.loads(data).get("weightsManifest") or []
        weights = [weight for group in groups for weight in group["weights"]]
        found = [
            (str(weight["name"]), str(weight["dtype"]), tuple(int(size) for size in weight["shape"]))
            for weight in weights
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(
            f"Expected a list of weights in model.json of a TensorFlow.js model, got {error!r:.200}.",
            hint="Convert the model again with tensorflowjs_converter.",
        ) from None
    return tuple(sorted((Variable(*one, _size(*one[1:])) for one in found), key=lambda one: one.name))


def _size(dtype: str, shape: Shape) -> int:
    return elements(shape) * _BYTES.get(dtype, 8 if dtype.endswith("64") else 1)
