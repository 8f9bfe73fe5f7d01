"""chars2vec: vectors of words from their characters, so that misspelt and unknown words have one too.

Two LSTM layers over one-hot characters, trained by the package's authors on pairs of similar words.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf
from assets import read_member
from recipe import Package, Recipe
from saving import save

_FOLDER = "chars2vec-0.1.7/chars2vec/trained_models/eng_150"


class _PlainOnly(pickle.Unpickler):
    """Unpickles numbers, texts, lists and dicts: nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"Expected plain values only, got {module}.{name}.")


def read_model(package: Path) -> tuple[dict[str, int], list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """The number of each character, and kernel, recurrent kernel and bias of each layer."""
    _, characters = _PlainOnly(io.BytesIO(read_member(package, f"{_FOLDER}/model.pkl"))).load()
    with h5py.File(io.BytesIO(read_member(package, f"{_FOLDER}/weights.h5"))) as file:
        found: dict[str, np.ndarray] = {}
        file.visititems(lambda name, item: found.update({name: item[()]}) if hasattr(item, "dtype") else None)
    layers = sorted({name.rsplit("/", 1)[0] for name in found if "recurrent_kernel" in name})
    parts = ("kernel:0", "recurrent_kernel:0", "bias:0")
    return characters, [tuple(found[f"{layer}/{part}"] for part in parts) for layer in layers]


class CharacterEncoder(tf.Module):
    """Words → vectors."""

    def __init__(self, package: Path) -> None:
        super().__init__()
        characters, layers = read_model(package)
        initializer = tf.lookup.KeyValueTensorInitializer(
            list(characters), [characters[c] for c in characters], tf.string, tf.int64
        )
        self._numbers = tf.lookup.StaticHashTable(initializer, -1)
        self._depth = len(characters)
        names = ("kernel", "recurrent_kernel", "bias")
        self.layers = [
            [
                tf.Variable(value, name=f"lstm_{number}/{name}")
                for name, value in zip(names, layer, strict=True)
            ]
            for number, layer in enumerate(layers)
        ]

    def __call__(self, words: tf.Tensor, training: bool) -> tf.Tensor:
        """Encodes string `[batch]` to float32 `[batch, 150]`; characters it does not know are left out."""
        split = tf.strings.unicode_split(tf.strings.lower(words, encoding="utf-8"), "UTF-8")
        numbers = self._numbers.lookup(split)
        numbers = tf.ragged.boolean_mask(numbers, numbers >= 0)
        lengths = numbers.row_lengths()
        x = tf.one_hot(numbers.to_tensor(-1), self._depth)
        for layer in self.layers:
            x = _lstm(x, lengths, *layer)
        return x[:, -1]


def _lstm(
    x: tf.Tensor, lengths: tf.Tensor, kernel: tf.Tensor, recurrent_kernel: tf.Tensor, bias: tf.Tensor
) -> tf.Tensor:
    """All states of an LSTM; behind the end of a word its last state is repeated.

    The gates use the piecewise linear sigmoid `clip(0.2 x + 0.5, 0, 1)`, as in the Keras of the time.
    """
    batch, units = tf.shape(x)[0], recurrent_kernel.shape[0]
    steps = tf.maximum(tf.shape(x)[1], 1)
    x = tf.pad(x, [[0, 0], [0, steps - tf.shape(x)[1]], [0, 0]])  # a batch of empty words has no step
    projected = tf.transpose(tf.einsum("bsi,io->bso", x, kernel) + bias, [1, 0, 2])
    inside = tf.transpose(tf.sequence_mask(lengths, steps))[..., None]

    def step(
        state: tuple[tf.Tensor, tf.Tensor], now: tuple[tf.Tensor, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        hidden, cell = state
        z_in, z_forget, z_cell, z_out = tf.split(now[0] + tf.matmul(hidden, recurrent_kernel), 4, axis=1)
        new_cell = _gate(z_forget) * cell + _gate(z_in) * tf.tanh(z_cell)
        new_hidden = _gate(z_out) * tf.tanh(new_cell)
        return tf.where(now[1], new_hidden, hidden), tf.where(now[1], new_cell, cell)

    zeros = tf.zeros(tf.stack([batch, units]))
    hidden, _ = tf.scan(step, (projected, inside), (zeros, zeros))
    return tf.transpose(hidden, [1, 0, 2])


def _gate(x: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module: string `[batch]` → float32 `[batch, 150]`."""
    encoder = CharacterEncoder(packages["chars2vec"])
    save(
        directory,
        encoder,
        tf.TensorSpec([None], tf.string),
        variables=[variable for layer in encoder.layers for variable in layer],
        attributes={"encoder": encoder},
    )


RECIPES = (
    Recipe(
        name="zoo/character-words-en/1",
        description="Vectors of English words from their characters: misspelt words are near the right ones.",
        task="text-embedding",
        license="apache-2.0",
        fields={"network-architecture": "rnn", "language": "en"},
        packages=(
            Package(
                "pypi",
                "chars2vec",
                "0.1.7",
                "df05b0765e406e1bdb9f9537adf7fccb24db4a81956aea5c25a707a03a6a8094",
                "Apache-2.0",
            ),
        ),
        build=build,
        body="""
One word a string. Two LSTM layers read the characters; words that look alike are near each other, which
finds misspellings and names that no vocabulary has.
""",
        interface="text-embedding",
    ),
)
