"""Applies an encoder to many images; its weights become constants if that saves time.

If the weights of a graph are constants, TensorFlow folds batch normalization into the convolutions. This
saves a quarter of the time or more. To make that graph takes as long as it saves on about 128 images of 224
by 224 pixels. So the graph is made at once if that many images are expected, and otherwise after that many
images.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.internals.functions import with_constants
from tensorflow_hub.loading.garbage_collection import collection_paused
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.matrices import Matrix

# In pixels: the time for an image depends on its size, the time for the graph does not.
PAYS_FROM = 128 * 224 * 224
LARGEST = 512 << 20  # bytes of weights: they are in memory twice then, and a graph has at most 2 GiB

_log = logging.getLogger("tensorflow_hub")


class FreezingEncoder:
    """Applies an encoder to batches of images; its weights must not change while this object is used.

    They become constants after as many images as have `pays_from` pixels together, or at once if at least so
    many are expected.
    """

    def __init__(self, encoder: Encoder, *, expected: int = 0, pays_from: int = PAYS_FROM) -> None:
        self._encoder = encoder
        height, width = encoder.image_size
        needed = -(-pays_from // (height * width))
        self._left = 0 if expected >= needed else needed  # images before the weights become constants
        self._apply: Callable[[Any], Matrix] | None = None

    def __call__(self, images: Matrix) -> Matrix:
        """Returns features of a batch: float32 [b, height, width, 3] → float32 [b, dimension]."""
        self._left -= len(images)
        if self._apply is None and self._left <= 0:
            self._apply = _frozen(self._encoder)
        return (self._apply or self._encoder)(images)


def _frozen(encoder: Encoder) -> Callable[[Any], Matrix]:
    """Returns the encoder with constants for its weights, or unchanged where that is not possible."""
    if sum((v.shape.num_elements() or 0) * v.dtype.size for v in encoder.variables) > LARGEST:
        return encoder
    try:
        return _with_constants(encoder.apply.get_concrete_function())
    except Exception as error:  # of any kind: the encoder works without constants
        _log.debug("The weights of %s do not become constants: %s", encoder.module.handle, error)
        return encoder


@collection_paused()
def _with_constants(function: Any) -> Callable[[Matrix], Matrix]:
    """Returns a concrete function of one tensor, with constants for its variables, in a separate session.

    A session allows to choose the optimizations of the graph. A function, which
    `convert_variables_to_constants_v2` returns, does not, and copies the graph twice more.

    Raises:
      ValueError: the function captures other objects than variables, for example a table.
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
