"""An encoder for many images: its weights become constants where that saves time.

TensorFlow folds batch normalization into the convolutions of a graph whose weights are constants, which
saves a quarter of the time or more. Making that graph takes about as long as it saves on 128 images of
usual size. It is made at once where so many images are known to come, and otherwise after so many have gone
through. So fewer images cost nothing more, and more images cost at most that much.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.internals.functions import with_constants
from tensorflow_hub.loading.garbage import collection_paused
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.matrices import Matrix

PAYS_FROM = 128 * 224 * 224  # pixels: small images cost less, the graph does not
LARGEST = 512 << 20  # bytes of weights, which are then in memory twice; a graph holds 2 GiB at most

_log = logging.getLogger("tensorflow_hub")


class FreezingEncoder:
    """Applies an encoder to batches of images; its weights must not change while this object is used.

    Args:
      encoder: of images.
      expected: how many images there are at least.
      pays_from: from so many pixels in all on, the weights become constants.
    """

    def __init__(self, encoder: Encoder, *, expected: int = 0, pays_from: int = PAYS_FROM) -> None:
        self._encoder = encoder
        height, width = encoder.image_size
        self._left = -(-pays_from // (height * width))  # images that go through before
        self._apply = _frozen(encoder) if expected >= self._left else None

    def __call__(self, images: Matrix) -> Matrix:
        """Features of a batch: float32 [b, height, width, 3] → float32 [b, dimension]."""
        self._left -= len(images)
        if self._apply is None and self._left <= 0:
            self._apply = _frozen(self._encoder)
        return (self._apply or self._encoder)(images)


def _frozen(encoder: Encoder) -> Callable[[Any], Matrix]:
    """The encoder with constants for its weights; as it is, where they are too large or TensorFlow cannot."""
    if encoder.weight_bytes > LARGEST:
        return encoder
    try:
        return _with_constants(encoder.apply.get_concrete_function())
    except Exception as error:  # whatever stands in its way, the encoder works without
        _log.debug("The weights of %s do not become constants: %s", encoder.module.handle, error)
        return encoder


@collection_paused()
def _with_constants(function: Any) -> Callable[[Matrix], Matrix]:
    """A concrete function of one tensor, with constants for the variables it reads, in a session of its own.

    A session's optimizer can be told to do only what pays here. To become a function again, as
    `convert_variables_to_constants_v2` gives it, a graph is copied twice more.

    Raises:
      ValueError: it uses something else than variables, a table for example.
    """
    graph_def, count = with_constants(function)
    if count != len(function.captured_inputs):
        raise ValueError("they are not all it uses")
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(graph_def, name="")
    options = tf.compat.v1.ConfigProto()
    options.graph_options.rewrite_options.optimizers.extend(["constfold", "remap"])
    session = tf.compat.v1.Session(graph=graph, config=options)
    call: Callable[[Matrix], Matrix] = session.make_callable(
        function.outputs[0].name, feed_list=[function.inputs[0].name]
    )
    return call
