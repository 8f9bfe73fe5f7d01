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


class _Trained(tf.Module):
    """Changes its variable in training alone, as layers of batch normalization do."""

    def __init__(self):
        super().__init__()
        self.mean = tf.Variable(1.0)

    @tf.function
    def __call__(self, inputs, training=False):
        if training:
            self.mean.assign_sub(0.5 * tf.reduce_mean(inputs))
        return inputs - self.mean


class _Options(tf.Module):
    """Options without a default, which a program passes by name."""

    @tf.function
    def __call__(self, inputs, scale, mode, training=False):
        return scale * inputs + (1.0 if training or mode == "more" else 0.0)


class _Dtypes(tf.Module):
    """An input of each dtype and usual shape."""

    names = (
        *("bfloat16", "bool", "complex64", "complex128", "float16", "float32", "float64", "int8", "int16"),
        *("int32", "int64", "string", "uint8", "uint16", "uint32", "uint64"),
    )
    shapes = ([], [None], [2, None], [1, None, None, 3], None)

    def __init__(self):
        super().__init__()
        specs = {
            f"{name}_{number}": tf.TensorSpec(shape, name)
            for name in self.names
            for number, shape in enumerate(self.shapes)
        }
        self.__call__ = tf.function(self._sizes, input_signature=[specs])

    @staticmethod
    def _sizes(inputs):
        return {name: tf.size(value) for name, value in inputs.items()}


class _Sparse(tf.Module):
    @tf.function(
        input_signature=[tf.SparseTensorSpec([None, 5], tf.string), tf.RaggedTensorSpec([None, None])]
    )
    def __call__(self, words, numbers):
        return tf.size(words.values) + tf.size(numbers.flat_values)


class _ImageFiles(tf.Module):
    """Image files as strings."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, files):
        return tf.map_fn(_mean_of_picture, files, fn_output_signature=tf.float32)


class _ImageAndText(tf.Module):
    """An image file and a text, both as strings."""

    @tf.function(
        input_signature=[
            {"image_bytes": tf.TensorSpec([], tf.string), "text": tf.TensorSpec([None], tf.string)}
        ]
    )
    def __call__(self, inputs):
        return _mean_of_picture(inputs["image_bytes"]) + tf.cast(
            tf.strings.length(inputs["text"]), tf.float32
        )


def _mean_of_picture(file):
    return tf.reduce_mean(tf.cast(tf.io.decode_image(file, expand_animations=False), tf.float32))


class _Examples(tf.Module):
    """Serialized messages, as Estimators take them."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, serialized):
        return tf.io.parse_example(serialized, {"x": tf.io.FixedLenFeature([3], tf.float32)})["x"]


def _save(module: tf.Module, folder: Path) -> None:
    tf.saved_model.save(module, str(folder))


def _save_signatures(module: tf.Module, folder: Path) -> None:
    tf.saved_model.save(module, str(folder), {"serving_default": module.detect})


def _save_flagged(module: tf.Module, folder: Path) -> None:
    for training in (True, False):
        module.__call__.get_concrete_function(tf.TensorSpec([None, 5]), training=training)
    tf.saved_model.save(module, str(folder))


def _save_options(module: tf.Module, folder: Path) -> None:
    for training in (True, False):
        module.__call__.get_concrete_function(tf.TensorSpec([None, 5]), 3.0, mode="more", training=training)
    tf.saved_model.save(module, str(folder))


def _save_inputs(folder: Path, names: tuple[str, str]) -> None:
    """A sum of two inputs with these names."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = {name: v1.placeholder(tf.float32, [None, 2]) for name in names}
        v1.saved_model.simple_save(session, str(folder), inputs, {"sum": tf.add_n(list(inputs.values()))})


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
    "trained": lambda folder: _save_flagged(_Trained(), folder),
    "tokens": lambda folder: _save(_Tokens(), folder),
    "pair": lambda folder: _save(_Pair(), folder),
    "ragged": lambda folder: _save(_Ragged(), folder),
    "sound": lambda folder: _save(_Sound(), folder),
    "only-signatures": lambda folder: _save_signatures(_OnlySignatures(), folder),
    "tf1": _save_tf1,
    "options": lambda folder: _save_options(_Options(), folder),
    "dtypes": lambda folder: _save(_Dtypes(), folder),
    "sparse": lambda folder: _save(_Sparse(), folder),
    "image-files": lambda folder: _save(_ImageFiles(), folder),
    "image-and-text": lambda folder: _save(_ImageAndText(), folder),
    "examples": lambda folder: _save(_Examples(), folder),
    "words-of-python": lambda folder: _save_inputs(folder, ("in", "class")),
    "numbers-as-names": lambda folder: _save_inputs(folder, ("a b", "1")),
}


def _tflite(function: Callable[..., tf.Tensor], *specs: tf.TensorSpec) -> bytes:
    traced = tf.function(function, input_signature=specs).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    return converter.convert()


# Name → makes a TFLite model.
TFLITE_MODELS: dict[str, Callable[[], bytes]] = {
    "tflite": lambda: _tflite(lambda images: tf.reduce_mean(images, [1, 2]), tf.TensorSpec([1, 8, 8, 3])),
    "tflite-texts": lambda: _tflite(lambda texts: tf.gather(texts, [0]), tf.TensorSpec([None], tf.string)),
    "tflite-several": lambda: _tflite(
        lambda ids, mask, scale: tf.where(mask, tf.cast(ids, tf.float32) * scale, 0.0),
        tf.TensorSpec([None, 7], tf.int64),
        tf.TensorSpec([None, 7], tf.bool),
        tf.TensorSpec([]),
    ),
}


def write_tflite(folder: Path, name: str = "tflite") -> None:
    """Writes one of the `TFLITE_MODELS`; that with the name "tflite" takes images of 8 by 8 pixels."""
    folder.mkdir()
    (folder / "model.tflite").write_bytes(TFLITE_MODELS[name]())
