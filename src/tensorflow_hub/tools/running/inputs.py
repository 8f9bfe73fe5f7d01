"""Converts what a user writes (texts, image files, numbers as JSON) to the arrays that a module takes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import DataError, InputError
from tensorflow_hub.format.module.calls import takes_image_files, takes_images
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.tools.datasets.image_folder import is_image_name
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.images import Reader, readable_bytes, upright

_NUMBERS_HINT = "Write numbers as JSON: '[1, 2, 3]'; or give a .npy file."


def tensor_of(values: Sequence[str], name: str, tensor: TensorDescription) -> Any:
    """Converts the values of one input to a NumPy array.

    Args:
      values: texts; paths of image files; or numbers as JSON, such as `[1, 2, 3]`, or paths of .npy files.
      name: the name of the input; "" for the only one.
      tensor: the tensor that the module takes.

    Raises:
      InputError: the values do not fit the tensor. The message says what the module takes.
      DataError: a file cannot be read.
    """
    if tensor.kind != "dense":
        raise _unfit(values, name, tensor, "Call such a module from Python: hub.load(handle).")
    if takes_images(tensor):
        return _images(values, name, tensor)
    if tensor.dtype == "string":
        return _strings(values, name, tensor)
    return _numbers(values, name, tensor)


def tensor_of_pictures(
    files: Sequence[tuple[str, bytes]], name: str, tensor: TensorDescription, largest: int | None = None
) -> Any:
    """Converts image files, by name and bytes, to the NumPy array that an input takes.

    The module takes pictures [b, height, width, 1 or 3], or strings. If it takes pictures of any size, their
    longer side has at most `largest` pixels.

    Raises:
      InputError: there are no files, or the module takes another number of them.
      DataError: a file is no picture, or is damaged.
    """
    if not files:
        raise _unfit([], name, tensor, "Give image files.")
    names, contents = [file for file, _ in files], [upright(content, file) for file, content in files]
    if tensor.dtype == "string":
        return _fitted(np.array(contents, object), names, name, tensor)
    many, height, width, channels = tensor.shape or (None,) * 4
    if many not in {None, len(files)}:
        raise _unfit(names, name, tensor, f"Give {many} at once.")
    if height is None or width is None:
        free = size_of(contents[0], largest)
        height, width = height or free[0], width or free[1]
    read = Reader((height, width))
    pixels = np.stack([read(content, file) for file, content in zip(names, contents, strict=True)])
    if channels == 1:
        pixels = pixels.mean(axis=3, keepdims=True)
    return (255 * pixels).round().astype(np.uint8) if tensor.dtype == "uint8" else _cast(pixels, tensor)


def size_of(content: bytes, largest: int | None = None) -> tuple[int, int]:
    """Returns height and width of a picture, in proportion within `largest`."""
    with require("PIL.Image").open(io.BytesIO(content)) as image:
        share = min(1.0, (largest or sys.maxsize) / max(image.size))
        return max(1, round(share * image.height)), max(1, round(share * image.width))


def _images(values: Sequence[str], name: str, tensor: TensorDescription) -> Any:
    missing = [value for value in values if not Path(value).is_file()]
    if missing or not values:
        raise _unfit(missing or values, name, tensor, "Give image files.")
    return tensor_of_pictures([*map(_named_bytes, values)], name, tensor)


def _named_bytes(path: str) -> tuple[str, bytes]:
    return Path(path).name, readable_bytes(Path(path))


def _strings(values: Sequence[str], name: str, tensor: TensorDescription) -> Any:
    are_files = all(is_image_name(value) and Path(value).is_file() for value in values)
    if values and are_files and takes_image_files(name, tensor):
        return tensor_of_pictures([*map(_named_bytes, values)], name, tensor)
    found = np.array([value.encode("utf-8", "surrogateescape") for value in values], object)
    return _fitted(found, values, name, tensor)


def _numbers(values: Sequence[str], name: str, tensor: TensorDescription) -> Any:
    if not values:
        raise _unfit(values, name, tensor, _NUMBERS_HINT)
    arrays = [_array(value, name, tensor) for value in values]
    rank = None if tensor.shape is None else len(tensor.shape)
    alone = len(arrays) == 1 and rank in {None, arrays[0].ndim}
    if not alone and len({array.shape for array in arrays}) > 1:
        raise _unfit(values, name, tensor, "Give rows of the same shape.")
    return _fitted(_cast(arrays[0] if alone else np.stack(arrays), tensor), values, name, tensor)


def _array(value: str, name: str, tensor: TensorDescription) -> Any:
    if value.endswith(".npy"):
        try:
            return np.load(value, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataError(f"{value!r} cannot be read: {error}.", hint="Check the path.") from error
    try:
        array = np.asarray(json.loads(value))
    except ValueError as error:
        raise _unfit([value], name, tensor, _NUMBERS_HINT) from error
    if array.dtype.kind not in "biuf":
        raise _unfit([value], name, tensor, _NUMBERS_HINT)
    return array


def _cast(array: Any, tensor: TensorDescription) -> Any:
    return array.astype(tf.as_dtype(tensor.dtype).as_numpy_dtype)


def _fitted(array: Any, values: Sequence[str], name: str, tensor: TensorDescription) -> Any:
    """Returns the array in the shape of the tensor. A dimension of one is added if only that is missing."""
    shape = tensor.shape
    if shape is None:
        return array
    if len(shape) == 0 and array.size == 1:
        return array.reshape(())
    if len(shape) == array.ndim + 1 and shape[-1] == 1:
        array = array[..., None]
    if not tf.TensorShape(shape).is_compatible_with(array.shape):
        raise _unfit(values, name, tensor, f"The values have the shape {list(array.shape)}.")
    return array


def wrong_value(given: str, name: str, tensor: TensorDescription, hint: str) -> InputError:
    """Returns the error for a value, given as a text, that does not fit the tensor of an input."""
    of = f" for the input {name!r}" if name else ""
    return InputError(f"Expected {tensor}{of}, got {given}.", hint=hint)


def _unfit(values: Sequence[str], name: str, tensor: TensorDescription, hint: str) -> InputError:
    given = ", ".join(repr(value[:60]) for value in values[:3]) or "nothing"
    return wrong_value(given, name, tensor, hint)
