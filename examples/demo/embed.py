"""A fresh process that embeds sentences by one of the three ways into a module.

python embed.py module|load|keras HANDLE SENTENCES.json VECTORS.npy
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def by_module(handle: str, sentences: list[str]) -> np.ndarray:
    """TF1: `hub.Module` in a graph, run in a session."""
    import tensorflow as tf

    import tensorflow_hub as hub

    with tf.Graph().as_default():
        vectors = hub.Module(handle)(sentences)
        with tf.compat.v1.Session() as session:
            session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
            result: np.ndarray = session.run(vectors)
            return result


def by_load(handle: str, sentences: list[str]) -> np.ndarray:
    """TF2: `hub.load`, called eagerly."""
    import tensorflow as tf

    import tensorflow_hub as hub

    loaded = hub.load(handle)
    texts = tf.constant(sentences)
    if not callable(loaded):  # a module in TF1 Hub format has signatures instead
        return loaded.signatures["default"](texts)["default"].numpy()
    return loaded(texts).numpy()


def by_keras(handle: str, sentences: list[str]) -> np.ndarray:
    """Keras: `hub.KerasLayer` in a Sequential model."""
    import keras
    import tensorflow as tf

    import tensorflow_hub as hub

    model = keras.Sequential([hub.KerasLayer(handle, input_shape=[], dtype=tf.string)])
    return np.asarray(model(tf.constant(sentences)))


WAYS = {"module": by_module, "load": by_load, "keras": by_keras}


def main() -> None:
    way, handle, sentences, output = sys.argv[1:]
    np.save(output, WAYS[way](handle, json.loads(Path(sentences).read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
