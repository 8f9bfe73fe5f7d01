"""An encoder for many images: its weights become constants where that pays.

TensorFlow folds batch normalization into the convolutions of a graph whose weights are constants, which
saves a quarter of the time and more. Making that graph takes about as long as it saves on 256 images of
usual size. Where it is known that there are so many it is made at once, else when so many have gone
through: whoever has fewer loses nothing, whoever has more at most that much.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import convert_to_constants

from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.garbage import collection_paused
from tensorflow_hub.tools.retrain.head import Matrix

PAYS_FROM = 256 * 224 * 224  # pixels: small images cost less, the graph does not
LARGEST = 512 << 20  # bytes of weights, which are then in memory twice; a graph holds 2 GiB at most

_log = logging.getLogger("tensorflow_hub")


class FreezingEncoder:
    """Applies an encoder whose weights do not change meanwhile to batches of images.

    Args:
      encoder: of images.
      expected: how many images there are at least.
      pays_from: so many pixels in all, the weights become constants.
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
        function = _with_constants(encoder.apply.get_concrete_function())
    except Exception as error:  # whatever stands in its way, the encoder works without
        _log.debug("The weights of %s do not become constants: %s", encoder.module.handle, error)
        return encoder

    def apply(images: Any) -> Matrix:
        result: Matrix = function(tf.constant(images, tf.float32)).numpy()
        return result

    return apply


@collection_paused()
def _with_constants(function: Any) -> Any:
    """A concrete function of one tensor with constants for the variables it reads.

    The same as `convert_variables_to_constants_v2`, which copies every node three times on its way from the
    graph it has made to a function, and needs three times as long.

    Raises:
      ValueError: the graph has loops or branches. Their functions would take the place of the ones with
        variables, which have the same names; and those of TensorFlow 1 cannot be imported into a function.
    """
    data = convert_to_constants._FunctionConverterDataInEager(
        function, lower_control_flow=False, aggressive_inlining=False
    )
    graph, _ = convert_to_constants._replace_variables_by_constants(data)
    if graph.library.function or any(node.op in {"Enter", "Switch"} for node in graph.node):
        raise ValueError("the graph has loops or branches")
    (source,), (result,) = function.inputs[:1], function.outputs

    def apply(images: Any) -> Any:
        (value,) = tf.graph_util.import_graph_def(
            graph, input_map={source.name: images}, return_elements=[result.name], name=""
        )
        return value

    spec = tf.TensorSpec(source.shape, source.dtype)
    return tf.function(apply, input_signature=[spec], autograph=False).get_concrete_function()
