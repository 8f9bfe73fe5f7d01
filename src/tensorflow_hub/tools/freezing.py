"""An encoder for many images: its weights become constants once that pays.

TensorFlow folds batch normalization into the convolutions of a graph whose weights are constants, which
saves a quarter of the time and more. Making that graph takes about as long as it saves on 400 images, so it
is made when so many have gone through: whoever has fewer loses nothing, whoever has more at most that much.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.retrain.head import Matrix

FREEZE_AFTER = 512  # images
LARGEST = 512 << 20  # bytes of weights, which are then in memory twice; a graph holds 2 GiB at most

_log = logging.getLogger("tensorflow_hub")


class FreezingEncoder:
    """Applies an encoder whose weights do not change meanwhile to batches of images.

    Args:
      encoder: of images.
      after: how many images go through before the weights become constants.
    """

    def __init__(self, encoder: Encoder, after: int = FREEZE_AFTER) -> None:
        self._apply: Callable[[Any], Matrix] = encoder
        self._encoder = encoder
        self._left = after

    def __call__(self, images: Matrix) -> Matrix:
        """Features of a batch: float32 [b, height, width, 3] → float32 [b, dimension]."""
        if self._left > 0:
            self._left -= len(images)
            if self._left <= 0:
                self._apply = _frozen(self._encoder) or self._encoder
        return self._apply(images)


def _frozen(encoder: Encoder) -> Callable[[Any], Matrix] | None:
    """The encoder with constants for its weights, None where they are too large or TensorFlow cannot."""
    if sum((v.shape.num_elements() or 0) * v.dtype.size for v in encoder.variables) > LARGEST:
        return None
    try:
        function = convert_variables_to_constants_v2(encoder.apply.get_concrete_function())
    except Exception as error:  # whatever stands in its way, the encoder works without
        _log.debug("The weights of %s do not become constants: %s", encoder.module.handle, error)
        return None

    def apply(images: Any) -> Matrix:
        (features,) = function(tf.constant(images, tf.float32))
        result: Matrix = features.numpy()
        return result

    return apply
