"""Columns of images: `hub.image_embedding_column`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.graphs.images import get_expected_image_size, get_num_image_channels
from tensorflow_hub.graphs.module_spec import ModuleSpec
from tensorflow_hub.loading.feature_columns.embedding_column import EmbeddingColumn, as_handle, default_output


def image_embedding_column(
    key: Any,
    module_spec: ModuleSpec | str | os.PathLike[str],
    image_size: Sequence[int] | None = None,
    *,
    image_layer: str | None = None,
) -> EmbeddingColumn:
    """A feature column that computes feature vectors of images with a module. The module is not trained.

    Args:
      key: the name of the feature, or a column that returns it, such as
        `tf.feature_column.numeric_column("image", [224, 224, 3])`: images, float32
        `[batch, height, width, channels]` in [0, 1].
      module_spec: a `hub.ModuleSpec` or a handle. Its default signature has the input `"images"`.
      image_size: `[height, width]` of the images in pixels, for a module that takes images of several sizes;
        None means the size that `hub.get_expected_image_size` returns.
      image_layer: the name of the output to use, for example a layer of the network; None means `"default"`.

    Returns:
      A column with values float32 `[batch, n]`, for `tf.compat.v1.feature_column.input_layer` and
      `linear_model`, canned Estimators and Keras 2's DenseFeatures.

    Raises:
      SignatureError: the module does not compute image feature vectors, has no such output, or does not take
        images of this size.

    Example::

        image = hub.image_embedding_column("image", "acme/images/1", image_size=[96, 96])
        features = {"image": tf.zeros([2, 96, 96, 3])}
        tf.compat.v1.feature_column.input_layer(features, [image])  # [2, n]
    """
    column = ImageEmbeddingColumn(key, as_handle(module_spec), False, image_layer, image_size)
    column.check()
    return column


@dataclasses.dataclass(frozen=True)
class ImageEmbeddingColumn(EmbeddingColumn):
    """A feature column of images; see `image_embedding_column`."""

    image_layer: str | None = None
    image_size: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.image_size is not None:  # TensorFlow uses columns as keys of dicts, so lists are not allowed
            object.__setattr__(self, "image_size", tuple(self.image_size))

    def check(self) -> None:
        """Checks that the module computes image feature vectors.

        Raises:
          SignatureError: its input is not images, or it has no such output or size.
        """
        spec = self.module_spec
        inputs = spec.get_input_info_dict()
        info = inputs.get("images")
        if len(inputs) != 1 or info is None or info.kind != "dense" or info.dtype != tf.float32:
            raise SignatureError(
                f"Expected an image module with the one input 'images' as float32, got "
                f"{ {key: str(value) for key, value in inputs.items()} }.",
                hint="Use a module for images, or hub.text_embedding_column for text.",
            )
        if self.image_layer is not None and self.image_layer not in spec.get_output_info_dict():
            raise SignatureError(
                f"Expected an output of {sorted(spec.get_output_info_dict())}, got {self.image_layer!r}.",
                hint="Pass one of these as image_layer=…, or None.",
            )
        self._check_size(info.get_shape())

    def _check_size(self, taken: tf.TensorShape) -> None:
        if self.image_size is None:
            return
        sizes = list(self.image_size)
        valid = len(sizes) == 2 and all(isinstance(size, int) and size > 0 for size in sizes)
        if not valid or not taken.is_compatible_with([None, *sizes, None]):
            raise SignatureError(
                f"Expected image_size=[height, width] in pixels that fits the input {taken} of the module, "
                f"got {sizes}.",
                hint="Pass None for the size that hub.get_expected_image_size(module_spec) returns.",
            )

    @property
    def variable_shape(self) -> tf.TensorShape:
        """The shape of a feature vector."""
        spec = self.module_spec
        if self.image_layer is None:
            return default_output(spec).get_shape()[1:]
        return spec.get_output_info_dict()[self.image_layer].get_shape()[1:]

    @property
    def _parsing(self) -> Any:
        size = self.image_size or get_expected_image_size(self.module_spec)
        return tf.io.FixedLenFeature([*size, get_num_image_channels(self.module_spec)], tf.float32)

    def _inputs(self, feature: Any) -> dict[str, Any]:
        return {"images": feature}

    def _vectors(self, module: Any, feature: Any) -> Any:
        return module(self._inputs(feature), self.image_layer)
