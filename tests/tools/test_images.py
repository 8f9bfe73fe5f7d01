"""What reaches a module of an image file: in the tool, and in the graph of an exported classifier."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tensorflow_hub.tools.images import Reader, decode_batch
from tensorflow_hub.tools.report.pages import thumbnail

SIZE = (8, 8)


def picture():
    """Left opaque red, right see-through; below what is see-through lies black."""
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    image.paste((200, 20, 20, 255), (0, 0, 4, 8))
    return image


def saved(image, format, **options):
    target = io.BytesIO()
    image.save(target, format, **options)
    return target.getvalue()


TRANSPARENT = {
    "png": saved(picture(), "PNG"),
    "png with a palette": saved(picture().quantize(8), "PNG"),
    "webp": saved(picture(), "WEBP", lossless=True),
    "gif": saved(picture(), "GIF"),
    "tiff": saved(picture(), "TIFF"),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_transparent_pixels_become_white(kind):
    pixels = Reader(SIZE)(TRANSPARENT[kind], kind)
    np.testing.assert_allclose(pixels[:, :3], np.broadcast_to([200 / 255, 20 / 255, 20 / 255], (8, 3, 3)))
    np.testing.assert_allclose(pixels[:, 5:], 1.0)


def test_half_transparent_grey_is_mixed_with_white():
    image = Image.merge("LA", [Image.new("L", SIZE, 50), Image.new("L", SIZE, 128)])
    mixed = (50 * 128 + 255 * 127) / 255 / 255
    np.testing.assert_allclose(Reader(SIZE)(saved(image, "PNG"), "grey"), mixed, atol=1 / 500)


def test_the_graph_does_with_a_png_what_the_tool_does():
    contents = [
        TRANSPARENT["png"],
        saved(Image.new("L", SIZE, 90), "PNG"),
        saved(picture().convert("RGB"), "JPEG"),
    ]
    graph = tf.function(
        lambda files: decode_batch(files, SIZE), input_signature=[tf.TensorSpec([None], tf.string)]
    )
    for content, pixels in zip(contents, graph(tf.constant(contents)).numpy(), strict=True):
        np.testing.assert_array_equal(pixels, Reader(SIZE)(content, "it"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bmp_looks_as_it_does_elsewhere(mode):
    image = picture().convert("RGB").quantize(8) if mode == "P" else picture().convert(mode)
    content = saved(image, "BMP")
    with Image.open(io.BytesIO(content)) as shown:
        expected = np.asarray(shown.convert("RGB"), np.float32) / 255
    np.testing.assert_allclose(Reader(SIZE)(content, "bmp"), expected, atol=1e-6)


def test_the_report_shows_it_on_white_too(tmp_path):
    path = tmp_path / "logo.png"
    path.write_bytes(TRANSPARENT["png"])
    content = base64.b64decode(thumbnail(path).partition(",")[2])
    with Image.open(io.BytesIO(content)) as image:
        assert min(image.getpixel((7, 4))) > 200
