"""Tiny modules of the two interfaces and tiny data, made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

SIZE = 16


class TinyImageVector(tf.Module):
    """A convolution with fixed random weights; callable with `training`, fine-tunable."""

    def __init__(self, trainable=True):
        super().__init__()
        random = np.random.default_rng(1)
        kernel = random.normal(size=(3, 3, 3, 12)).astype(np.float32) * 0.4
        self.kernel = tf.Variable(kernel, trainable=trainable)
        self.regularization_losses = []

    @tf.function
    def __call__(self, inputs, training=False):
        return tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(inputs, self.kernel, 2, "SAME")), [1, 2])


class TinyTextEmbedding(tf.Module):
    """The mean of fixed random vectors of the words, by hash."""

    def __init__(self, buckets=500, dimension=24):
        super().__init__()
        table = np.random.default_rng(2).normal(size=(buckets, dimension)).astype(np.float32)
        self.table = tf.Variable(table)
        self.buckets = buckets

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        words = tf.strings.split(tf.strings.lower(texts))
        rows = tf.ragged.map_flat_values(lambda w: tf.strings.to_hash_bucket_fast(w, self.buckets), words)
        vectors = tf.ragged.map_flat_values(lambda r: tf.gather(self.table, r), rows)
        return (
            tf.reduce_sum(vectors, axis=1)
            / tf.sqrt(tf.cast(tf.maximum(words.row_lengths(), 1), tf.float32))[:, None]
        )


def save_image_module(path, trainable=True):
    module = TinyImageVector(trainable)
    for training in (True, False):
        module.__call__.get_concrete_function(tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32), training)
    root = tf.train.Checkpoint(module=module)
    root.__call__ = module.__call__
    root.variables, root.trainable_variables = list(module.variables), list(module.trainable_variables)
    root.regularization_losses = []
    tf.saved_model.save(root, str(path))
    return str(path)


@pytest.fixture(scope="session")
def image_module(tmp_path_factory) -> str:
    return save_image_module(tmp_path_factory.mktemp("modules") / "image")


@pytest.fixture(scope="session")
def text_module(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("modules") / "text"
    tf.saved_model.save(TinyTextEmbedding(), str(path))
    return str(path)


def write_image(path: Path, colour, seed, size=(SIZE, SIZE)):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-40, 40, size=(*size, 3))
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)
    return path


COLOURS = {"red": (200, 40, 40), "green": (40, 190, 60), "blue": (40, 60, 200)}


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> Path:
    """60 images of three classes, of mixed sizes and formats."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    for label, colour in COLOURS.items():
        for i in range(20):
            suffix = ("png", "jpg", "bmp", "webp")[i % 4]
            write_image(folder / label / f"{i}.{suffix}", colour, (i, colour[0]), (SIZE + i, SIZE + 2 * i))
    return folder


GOOD = ["wonderful", "lovely", "brilliant", "funny", "moving", "great", "delightful", "superb"]
BAD = ["dreadful", "boring", "awful", "dull", "terrible", "tedious", "clumsy", "weak"]
REST = ["the", "film", "was", "plot", "and", "actor", "a", "scene", "with", "music", "very", "quite"]


def reviews_rows(count=120, seed=0):
    random = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        label, words = (("positive", GOOD), ("negative", BAD))[i % 2]
        text = [*random.choice(REST, 5), *random.choice(words, 3)]
        random.shuffle(text)
        rows.append((" ".join(text) + f" {i}", label))
    return rows


@pytest.fixture(scope="session")
def reviews(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    lines = ["text,label", *(f"{text},{label}" for text, label in reviews_rows())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
