"""MobileNetV2 and InceptionV3 backbones out of a TF.js image classifier.

The package's models were fine-tuned to tell unsafe from safe pictures; below their heads is a general
image network. Weights are stored there in 8 bits; the module holds them as float32 again.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from assets import read_member
from recipe import Package, Recipe
from saving import save
from tfjs import read_javascript_object, read_weights

_FOLDER = "package/dist/models"


def read_model(package: Path, name: str) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """The layers' configurations in order, and the weights by name, of one model of the package."""
    source = read_member(package, f"{_FOLDER}/{name}/model.min.js").decode()
    model = read_javascript_object(source, "{modelTopology")
    shards = {}
    for path in model["weightsManifest"][0]["paths"]:
        script = read_member(package, f"{_FOLDER}/{name}/{path}.min.js").decode()
        found = re.search(r'exports="([A-Za-z0-9+/=]*)"', script)
        assert found, f"shard {path} holds no base64 text"
        shards[path] = base64.b64decode(found.group(1))
    layers = model["modelTopology"]["model_config"]["config"]["layers"]
    return layers, read_weights(model["weightsManifest"], shards)


def with_weights(
    backbone: keras.Model, layers: list[dict[str, Any]], weights: Mapping[str, np.ndarray]
) -> keras.Model:
    """Gives `backbone` the weights of the layers of the same kind in the same order."""
    kinds = {"Conv2D", "DepthwiseConv2D", "BatchNormalization"}
    named = [layer for layer in layers if layer["class_name"] in kinds]
    mine = [layer for layer in backbone.layers if type(layer).__name__ in kinds]
    for layer, theirs in zip(mine, named, strict=True):
        depthwise = theirs["class_name"] == "DepthwiseConv2D"
        # A weight that the package lacks has its initial value: batch normalisation without a scale.
        layer.set_weights([weights[f"{theirs['name']}/{_weight_name(w, depthwise)}"] for w in layer.weights])
    return backbone


def _weight_name(weight: Any, depthwise: bool) -> str:
    name = str(weight.path.rsplit("/", 1)[-1])
    return {"kernel": "depthwise_kernel"}.get(name, name) if depthwise else name


def _build(package: Path, name: str, backbone: keras.Model, size: int, directory: Path) -> None:
    with_weights(backbone, *read_model(package, name))

    def apply(images: tf.Tensor, training: bool) -> tf.Tensor:
        return backbone(images, training=training)

    save(
        directory,
        apply,
        tf.TensorSpec([None, size, size, 3], tf.float32),
        variables=[v.value for v in backbone.variables],
        trainable=[v.value for v in backbone.trainable_variables],
    )


def build_mobilenet_v2(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the feature vector: float32 `[batch, 224, 224, 3]` in [0, 1] → float32 `[batch, 1280]`."""
    backbone = keras.applications.MobileNetV2(
        weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3)
    )
    _build(packages["nsfwjs"], "mobilenet_v2", backbone, 224, directory)


def build_inception_v3(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the feature vector: float32 `[batch, 299, 299, 3]` in [0, 1] → float32 `[batch, 2048]`."""
    backbone = keras.applications.InceptionV3(
        weights=None, include_top=False, pooling="avg", input_shape=(299, 299, 3)
    )
    _build(packages["nsfwjs"], "inception_v3", backbone, 299, directory)


_PACKAGE = Package(
    "npm", "nsfwjs", "4.3.0", "4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f", "MIT"
)
_BODY = """
The input is a batch of RGB images with values in [0, 1], the output one feature vector an image. The
network was trained on ImageNet and then fine-tuned by the authors of `nsfwjs` to tell unsafe pictures
from safe ones; the classifier's head is left out here. Its weights were stored in 8 bits each.
"""
RECIPES = (
    Recipe(
        name="zoo/mobilenet-v2/feature-vector/1",
        description="Feature vectors of images with MobileNet V2 (1280 values, images of 224 × 224 pixels).",
        task="image-feature-vector",
        license="mit",
        fields={"network-architecture": "mobilenet-v2", "dataset": "imagenet-ilsvrc-2012-cls"},
        packages=(_PACKAGE,),
        build=build_mobilenet_v2,
        body=_BODY,
        interface="image-feature-vector",
    ),
    Recipe(
        name="zoo/inception-v3/feature-vector/1",
        description="Feature vectors of images with Inception V3 (2048 values, images of 299 × 299 pixels).",
        task="image-feature-vector",
        license="mit",
        fields={"network-architecture": "inception-v3", "dataset": "imagenet-ilsvrc-2012-cls"},
        packages=(_PACKAGE,),
        build=build_inception_v3,
        body=_BODY,
        interface="image-feature-vector",
    ),
)
