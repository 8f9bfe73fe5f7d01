"""`hub.export_keras_application`: writes networks of `keras.applications` as modules.

The inputs of all modules are images, float32 `[batch, height, width, 3]` in [0, 1]. The preprocessing of the
architecture is part of the module.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, NotFoundError
from tensorflow_hub.exporting.attachments import attach_image_module_info
from tensorflow_hub.exporting.hub_format import write_hub_format
from tensorflow_hub.exporting.keras_model import reusable_from_keras, write_module
from tensorflow_hub.format.module.image_info import ImageModuleInfo

KINDS = ("feature-vector", "classification")

# Architecture → height and width in pixels of the images that it was designed for, if not 224.
_SIZES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}


def application_names() -> list[str]:
    """The names of the architectures, such as "MobileNetV2"."""
    return sorted(
        name for name, value in vars(_applications()).items() if name[0].isupper() and callable(value)
    )


def export_keras_application(
    name: str,
    path: str | os.PathLike[str],
    *,
    kind: str = "feature-vector",
    weights: str | None = None,
    classes: int = 1000,
    image_size: Sequence[int] | None = None,
    format: str = "saved_model_2",
) -> None:
    """Writes a network of `keras.applications` as a module.

    Its input is images, float32 `[batch, height, width, 3]` in [0, 1]; the preprocessing is part of the
    module.

    Args:
      name: the architecture, such as "MobileNetV2".
      path: a directory that does not exist.
      kind: "feature-vector" (output float32 `[batch, features]`, averages of the last feature map) or
        "classification" (output float32 `[batch, classes]`, logits).
      weights: the path of a file of weights that Keras wrote for the architecture, with or without its last
        layers (the "top"); "imagenet" to let Keras download weights; None for random weights.
      classes: the number of classes.
      image_size: (height, width) in pixels; by default the size that the architecture was designed for.
      format: "saved_model_2", or "hub" for TF1 Hub format.

    Raises:
      NotFoundError: there is no file at `weights`.
      ExportError: there is no such architecture or kind, or the weights are for another architecture.

    Example::

        hub.export_keras_application("MobileNetV2", "mobilenet", weights="mobilenet_v2.weights.h5")
        hub.load("mobilenet")(images)  # float32 [batch, 1280]
    """
    _check(name, kind, weights)
    height, width = image_size or (_SIZES.get(name, 224),) * 2
    model = _build(name, kind, weights, classes, (height, width, 3))
    preprocess = _preprocessing(name)

    def call(images: Any, training: bool) -> Any:
        return model(preprocess(255.0 * images), training=training)

    output = "logits" if kind == "classification" else "feature_vector"
    module = reusable_from_keras(model, call, outputs=output)
    if format == "hub":
        write_hub_format(
            module,
            os.fspath(path),
            signatures=[f"image_{kind.replace('-', '_')}"],
            attach=lambda: _attach_size(height, width),
        )
    else:
        write_module(module, os.fspath(path), format)


def _check(name: str, kind: str, weights: str | None) -> None:
    if name not in application_names():
        raise ExportError(
            f"Expected an architecture of keras.applications, got {name!r}.",
            hint=f"Pass one of {', '.join(application_names())}.",
        )
    if kind not in KINDS:
        raise ExportError(
            f"Expected the kind {' or '.join(KINDS)}, got {kind!r}.", hint="Pass one of the two."
        )
    if weights not in {None, "imagenet"} and not os.path.isfile(str(weights)):
        raise NotFoundError(
            f"Expected a file of weights at {weights!r}, but there is none.",
            hint="Pass a file that save_weights() of Keras wrote, or 'imagenet'.",
        )


def _build(name: str, kind: str, weights: str | None, classes: int, shape: tuple[int, int, int]) -> Any:
    build = getattr(_applications(), name)
    downloaded = weights if weights == "imagenet" else None
    top: dict[str, Any] = {"classes": classes}
    if "classifier_activation" in inspect.signature(build).parameters:
        top["classifier_activation"] = None
    if kind == "classification":
        model = build(include_top=True, weights=downloaded, input_shape=shape, **top)
    else:
        model = build(include_top=False, weights=downloaded, input_shape=shape, pooling="avg")
    if weights is not None and weights != "imagenet":
        _load_weights(model, weights, lambda: build(include_top=True, weights=None, input_shape=shape, **top))
    return model


def _load_weights(model: Any, weights: str, build_full: Any) -> None:
    """Loads weights of the model. If that fails, reads them as weights of the architecture with its top."""
    try:
        model.load_weights(weights)
    except Exception as without_top:  # Keras raises errors of many kinds here
        try:
            full = build_full()
            full.load_weights(weights)
        except Exception as error:
            raise ExportError(
                f"Expected weights of {model.name!r} in {weights!r}, got the error: "
                f"{str(without_top).strip()[:500]}",
                hint="Pass a file that save_weights() wrote for this architecture; for another number of "
                "classes pass classes=….",
            ) from error
        for layer in model.layers:
            layer.set_weights(full.get_layer(layer.name).get_weights())


def _preprocessing(name: str) -> Any:
    module = inspect.getmodule(inspect.unwrap(getattr(_applications(), name)))
    return getattr(module, "preprocess_input", None) or (lambda images: images)


def _applications() -> Any:
    return tf.keras.applications


def _attach_size(height: int, width: int) -> None:
    info = ImageModuleInfo()
    info.default_image_size.height, info.default_image_size.width = height, width
    attach_image_module_info(info)
