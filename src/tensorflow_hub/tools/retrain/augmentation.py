"""Augmentation: changed copies of training images, which are flipped, cropped, lighter or darker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.batches import batches_read_ahead
from tensorflow_hub.tools.datasets.examples import Example
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.feature_store import stored_or_computed
from tensorflow_hub.tools.features import open_store
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.matrices import Matrix

if TYPE_CHECKING:
    from tensorflow_hub.tools.retrain.options import Options


_BATCH = 32


def augmented_features(encoder: Encoder, examples: Sequence[Example], options: Options) -> Matrix | None:
    """Returns the features of `options.augment` changed copies of each image, float32 [copies, dimension].

    The rows of the first copies of all examples come first, then those of the second copies, and so on. The
    features are cached as others are, because a copy depends only on the image, its number and the seed.
    """
    if not options.augment:
        return None
    if encoder.kind != "image":
        raise DataError("Only images can be augmented.", hint="Leave --augment out.")
    read = Reader(encoder.image_size)
    copies = [(example, copy) for copy in range(options.augment) for example in examples]
    keys = [hashlib.sha256(b"copy %d %d " % (options.seed, copy) + e.digest).digest() for e, copy in copies]
    paths = {key: example.path for key, (example, _) in zip(keys, copies, strict=True)}

    def changed(key: bytes) -> Matrix:
        path = paths[key]
        assert path is not None
        return change(read(path), key)

    def computed(missing: list[bytes]) -> Iterator[dict[bytes, Matrix]]:
        done = 0
        for batch, images in batches_read_ahead(missing, _BATCH, changed):
            yield dict(zip(batch, encoder(np.stack(images)), strict=True))
            done += len(batch)
            options.on_progress("augmented features", done, len(missing))

    with open_store(encoder, options.folder(), " augmented") as store:
        vectors, _ = stored_or_computed(store, keys, computed)
    return np.stack([vectors[key] for key in keys])


def change(image: Matrix, key: bytes) -> Matrix:
    """Returns a changed copy of an image, float32 of the same shape in [0, 1].

    Equal keys give equal copies.
    """
    random = np.random.default_rng(int.from_bytes(key[:8], "big"))
    height, width = image.shape[:2]
    scale = random.uniform(0.75, 1.0)
    h, w = max(1, int(height * scale)), max(1, int(width * scale))
    top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
    cropped = image[top : top + h, left : left + w]
    if random.random() < 0.5:
        cropped = cropped[:, ::-1]
    resized = tf.image.resize(cropped * random.uniform(0.8, 1.2), (height, width)).numpy()
    result: Matrix = np.clip(resized, 0, 1).astype(np.float32)
    return result
