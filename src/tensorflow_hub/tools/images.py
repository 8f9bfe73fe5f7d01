"""Converts image files to the tensors that modules take: checked, upright, in [0, 1], of one size.

Images are decoded and resized by TensorFlow ops only. So an exported classifier does in its graph exactly
what was done in training. Pillow checks each file first. It converts files that TensorFlow does not decode
correctly (WebP, TIFF, BMP with a palette, …) and rotated photos to BMP. Transparent pixels become white,
because the colour stored below them is usually black.
"""

from __future__ import annotations

import functools
import io
import warnings
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.tensorflow_errors import first_line

MAX_PIXELS = 150_000_000
# Most networks are trained on images that were resized so, and small pictures stay sharper.
RESIZING = "bicubic"
# How pixels are computed. A change of this text makes cached features invalid.
DECODING = f"{RESIZING}, smoothed where it shrinks, on white"
_TENSORFLOW_DECODES = frozenset({"JPEG", "PNG"})
_ORIENTATION = 0x0112
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def readable_bytes(path: Path) -> bytes:
    """Returns the bytes of an upright image file in a format that `decode` takes.

    Raises:
      DataError: the file is not an image, is damaged, or has too many pixels.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name!r} cannot be read: {error.strerror}.", hint="Check it.") from error
    return upright(content, path.name)


def upright(content: bytes, name: str) -> bytes:
    """Returns the bytes of an upright image file, for the bytes of any image file. Messages have its name.

    Raises:
      DataError: the bytes are not an image, are damaged, or have too many pixels.
    """
    image_module = require("PIL.Image")
    operations = require("PIL.ImageOps")
    if not content:
        raise DataError(f"{name!r} is empty.", hint="Leave it out.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with image_module.open(io.BytesIO(content)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large(name)
                if _decodes_rightly(image) and image.getexif().get(_ORIENTATION, 1) == 1:
                    return content
                target = io.BytesIO()
                # Not PNG: its compression would take most of the time.
                on_white(operations.exif_transpose(image)).save(target, "BMP")
                return target.getvalue()
    except DataError:
        raise
    except image_module.DecompressionBombError as error:
        raise _too_large(name) from error
    except image_module.UnidentifiedImageError as error:
        if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
            raise DataError(
                f"{name!r} is a HEIC photo, which cannot be read.", hint="Convert it to JPEG."
            ) from error
        raise DataError(f"{name!r} is not an image.", hint="Leave it out.") from error
    except Exception as error:  # for hostile files Pillow raises errors of many kinds
        raise cannot_be_decoded(name, error) from error


def _decodes_rightly(image: Any) -> bool:
    """Whether TensorFlow decodes a file to the same pixels as Pillow."""
    # TensorFlow reads the palette indices of a BMP as grey values, and ignores the transparency of a GIF.
    is_plain = image.format == "GIF" or (image.format == "BMP" and image.mode in {"L", "RGB"})
    return image.format in _TENSORFLOW_DECODES or (is_plain and not _is_transparent(image))


def _is_transparent(image: Any) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info


def on_white(image: Any) -> Any:
    """Returns a Pillow image in RGB, on a white background where it is transparent."""
    if not _is_transparent(image):
        return image.convert("RGB")
    white = require("PIL.Image").new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white.convert("RGB")


def decode(content: Any, size: tuple[int, int]) -> Any:
    """Decodes a JPEG, PNG, GIF (first frame) or BMP, a scalar string, to float32 [*size, 3] in [0, 1].

    Transparent pixels of a PNG get a white background.
    """
    image = tf.io.decode_image(content, channels=0, dtype=tf.uint8, expand_animations=False)
    transparent = (tf.strings.substr(content, 0, 4) == b"\x89PNG") & (tf.shape(image)[2] % 2 == 0)
    image = tf.cond(transparent, lambda: _on_white(image), lambda: image[:, :, :3])
    image = tf.tile(image, [1, 1, 3 // tf.shape(image)[2]])  # grey to colours
    image = _resized(image, size) / 255.0
    return tf.clip_by_value(tf.ensure_shape(image, [*size, 3]), 0.0, 1.0)


def _resized(image: Any, size: tuple[int, int]) -> Any:
    """Resizes uint8 [height, width, 3] to float32 [*size, 3].

    The input is not converted to floats before, which would take four times the memory. Antialiasing is used
    only if the image gets smaller. Otherwise it changes pixels by at most 0.3 of 255 and takes five times as
    long.
    """
    grows = tf.reduce_all(tf.shape(image)[:2] <= size)
    return tf.cond(
        grows,
        lambda: tf.image.resize(image, size, RESIZING),
        lambda: tf.image.resize(image, size, RESIZING, antialias=True),
    )


def _on_white(image: Any) -> Any:
    """Puts uint8 [height, width, 2 or 4], opacity last, on white: uint8 [height, width, 1 or 3]."""
    wide = tf.cast(image, tf.uint16)
    colours, opacity = wide[:, :, :-1], wide[:, :, -1:]
    return tf.cast((colours * opacity + 255 * (255 - opacity) + 127) // 255, tf.uint8)


def decode_batch(contents: Any, size: tuple[int, int]) -> Any:
    """Decodes a batch as `decode` does: string [b] → float32 [b, height, width, 3]."""
    spec = tf.TensorSpec([*size, 3], tf.float32)
    return tf.map_fn(lambda one: decode(one, size), contents, fn_output_signature=spec)


class Reader:
    """Reads image files as arrays of one size. Threads may share it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self._decode = _decoder(size)

    def __call__(self, file: Path | bytes, name: str = "") -> Matrix:
        """Returns the image in a file, or in the bytes of a file, float32 [height, width, 3] in [0, 1].

        Raises:
          DataError: the file cannot be read or decoded. The message has the name, and says why.
        """
        if isinstance(file, Path):
            name, content = file.name, readable_bytes(file)
        else:
            content = upright(file, name)
        try:
            with tf.device("CPU"):
                result: Matrix = self._decode(tf.constant(content)).numpy()
        except tf.errors.OpError as error:
            raise cannot_be_decoded(name, error) from error
        return result

    def image_or_error(self, file: Path | bytes, name: str = "") -> Matrix | DataError:
        """Returns the image, or the error if there is none."""
        try:
            return self(file, name)
        except DataError as error:
            return error


@functools.lru_cache(maxsize=8)
def _decoder(size: tuple[int, int]) -> Any:
    """Returns `decode` as a graph. Readers of a size share it: tracing takes longer than decoding."""
    spec = tf.TensorSpec([], tf.string)
    return tf.function(lambda content: decode(content, size), input_signature=[spec], autograph=False)


def _too_large(name: str) -> DataError:
    return DataError(f"{name!r} has more than {MAX_PIXELS:,} pixels.", hint="Make it smaller.")


def cannot_be_decoded(name: str, error: Exception) -> DataError:
    """Returns the error for an image that TensorFlow could not decode."""
    return DataError(f"{name!r} cannot be decoded: {first_line(error)}.", hint="Leave it out.")
