"""SavedModels of TensorFlow 2 and 1 as publishers write them: the ways in which they are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf


class _Texts(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        return tf.cast(tf.strings.length(texts), tf.float32)[:, None] * tf.ones([1, 4])


class _Images(tf.Module):
    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([], tf.bool)])
    def __call__(self, images, training=False):
        return self.weight * tf.reduce_mean(images, [1, 2])


class _Flagged(tf.Module):
    """Traced for training and not, as Keras models are."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(1.0)

    @tf.function
    def __call__(self, inputs, training=False):
        return inputs * self.weight + (1.0 if training else 0.0)


class _Tokens(tf.Module):
    """Several inputs as one dict, the form of text encoders."""

    @tf.function(
        input_signature=[
            {name: tf.TensorSpec([None, None], tf.int32) for name in ("input_word_ids", "input_mask")}
        ]
    )
    def __call__(self, tokens):
        return {"default": tf.cast(tokens["input_word_ids"] * tokens["input_mask"], tf.float32)}


class _Pair(tf.Module):
    """Two arguments; the later one is first in the alphabet."""

    @tf.function(input_signature=[tf.TensorSpec([None, 8]), tf.TensorSpec([None], tf.int64)])
    def __call__(self, values, by):
        return values * tf.cast(by, tf.float32)[:, None]


class _Ragged(tf.Module):
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def __call__(self, ids):
        return tf.reduce_sum(ids, 1)


class _Sound(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def __call__(self, waveform):
        return tf.reduce_max(waveform)


class _OnlySignatures(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8)])
    def detect(self, input_tensor):
        return {"num_detections": tf.reduce_sum(tf.cast(input_tensor, tf.float32))}


def _save(module: tf.Module, folder: Path) -> None:
    tf.saved_model.save(module, str(folder))


def _save_signatures(module: tf.Module, folder: Path) -> None:
    tf.saved_model.save(module, str(folder), {"serving_default": module.detect})


def _save_flagged(module: tf.Module, folder: Path) -> None:
    for training in (True, False):
        module.__call__.get_concrete_function(tf.TensorSpec([None, 5]), training=training)
    tf.saved_model.save(module, str(folder))


def _save_tf1(folder: Path) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        ids, mask = (v1.placeholder(tf.int32, [None, 7], name=name) for name in ("ids", "mask"))
        result = tf.cast(ids * mask, tf.float32) * v1.get_variable("w", initializer=2.0)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder), {"ids": ids, "the mask": mask}, {"result": result})


# Name → writes the module to a folder.
OBJECT_MODULES: dict[str, Callable[[Path], None]] = {
    "texts": lambda folder: _save(_Texts(), folder),
    "images": lambda folder: _save(_Images(), folder),
    "flagged": lambda folder: _save_flagged(_Flagged(), folder),
    "tokens": lambda folder: _save(_Tokens(), folder),
    "pair": lambda folder: _save(_Pair(), folder),
    "ragged": lambda folder: _save(_Ragged(), folder),
    "sound": lambda folder: _save(_Sound(), folder),
    "only-signatures": lambda folder: _save_signatures(_OnlySignatures(), folder),
    "tf1": _save_tf1,
}


def write_tflite(folder: Path) -> None:
    """A TFLite model: images of 8 by 8 pixels → 3 numbers."""
    function = tf.function(
        lambda images: tf.reduce_mean(images, [1, 2]), input_signature=[tf.TensorSpec([1, 8, 8, 3])]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    folder.mkdir()
    (folder / "model.tflite").write_bytes(converter.convert())
