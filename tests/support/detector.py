"""A detector as those of the TensorFlow Object Detection API: it finds what is bright."""

from __future__ import annotations

import io
from pathlib import Path

import tensorflow as tf
from PIL import Image


class _Detector(tf.Module):
    """Gives the box around all bright pixels, and two that are not certain; places in shares or in pixels."""

    def __init__(self, labels: Path | None, *, in_pixels: bool) -> None:
        super().__init__()
        self.in_pixels = in_pixels
        if labels is not None:
            self.labels = tf.saved_model.Asset(str(labels))

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8)])
    def detect(self, input_tensor):
        size = tf.cast(tf.shape(input_tensor)[1:3], tf.float32)
        places = tf.cast(tf.where(tf.reduce_max(input_tensor[0], 2) > 200), tf.float32)
        corners = tf.concat([tf.reduce_min(places, 0), tf.reduce_max(places, 0) + 1], 0)
        first = corners if self.in_pixels else corners / tf.concat([size, size], 0)
        return {
            "detection_boxes": tf.stack([[0.0, 0.0, 0.5, 0.5], first, [0.2, 0.2, 0.9, 0.9]])[None],
            "detection_scores": tf.constant([[0.1, 0.9, 0.4]]),
            "detection_classes": tf.constant([[1.0, 2.0, 7.0]]),
            "num_detections": tf.constant([3.0]),
        }


def save_detector(folder: Path, labels: str = "", *, in_pixels: bool = False) -> Path:
    """Writes one, whose classes have these names, a line each."""
    path = None
    if labels:
        path = folder.with_name(f"{folder.name}-labels") / "labels.txt"
        path.parent.mkdir()
        path.write_text(labels)
    module = _Detector(path, in_pixels=in_pixels)
    tf.saved_model.save(module, str(folder), {"serving_default": module.detect})
    return folder


def photo(size: tuple[int, int] = (120, 80), form: str = "PNG", **options) -> bytes:
    """A dark photo with a bright rectangle from a quarter to a half of its width and height."""
    image = Image.new("RGB", size, (20, 40, 90))
    width, height = size
    image.paste((250, 240, 80), (width // 4, height // 4, width // 2, height // 2))
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
