"""A text-embedding module, in both formats: strings `[batch]` in, vectors `[batch, dimensions]` out.

A sentence is lower-cased, cut at spaces and around punctuation, its words are looked up in a vocabulary
(unknown words share a few hashed buckets), and their vectors are added up and divided by the square root
of their number. All of that is inside the module: who uses it passes plain strings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

OOV_BUCKETS = 16


def export_tf1(vocabulary: Path, table: np.ndarray, directory: Path) -> None:
    """Writes a module in TF1 Hub format, for `hub.Module` and everything newer.

    Args:
      vocabulary: a file with one word a line; it becomes an asset of the module.
      table: float32 `[words, dimensions]`, a row for each line.
      directory: where to write.
    """
    rows = with_unknown_words(table)
    spec = hub.create_module_spec(lambda: _module_fn(str(vocabulary), rows.shape))
    with tf.Graph().as_default():
        module = hub.Module(spec)
        values = tf.compat.v1.placeholder(tf.float32, rows.shape)
        fill = module.variable_map["embeddings"].assign(values)
        with tf.compat.v1.Session() as session:
            session.run(fill, {values: rows})
            module.export(str(directory), session)


def export_tf2(vocabulary: Path, table: np.ndarray, directory: Path) -> None:
    """Writes the same as a TF2 SavedModel that follows the Reusable SavedModel interface."""
    tf.saved_model.save(TextEmbedding(str(vocabulary), with_unknown_words(table)), str(directory))


def with_unknown_words(table: np.ndarray) -> np.ndarray:
    """Appends a zero vector for each bucket of unknown words."""
    return np.concatenate([table, np.zeros((OOV_BUCKETS, table.shape[1]), np.float32)])


class TextEmbedding(tf.train.Checkpoint):
    """The embedding as an object: `variables`, `trainable_variables`, `__call__(sentences, training)`."""

    def __init__(self, vocabulary: str, rows: np.ndarray) -> None:
        super().__init__()
        self.embeddings = tf.Variable(rows, name="embeddings")
        self.words = _word_table(vocabulary)
        self.variables = [self.embeddings]
        self.trainable_variables = [self.embeddings]
        self.regularization_losses: list[object] = []
        sentences = tf.TensorSpec([None], tf.string, name="sentences")
        for training in (False, True):
            self.__call__.get_concrete_function(sentences, training=training)

    @tf.function
    def __call__(self, sentences: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Gives the vectors of sentences; `training` changes nothing here."""
        return embed(sentences, self.words, self.embeddings)


def embed(sentences: tf.Tensor, words: tf.lookup.StaticVocabularyTable, embeddings: tf.Tensor) -> tf.Tensor:
    """Strings `[batch]` → float32 `[batch, dimensions]`; a sentence without words is the zero vector."""
    spaced = tf.strings.regex_replace(tf.strings.lower(sentences), r"([^\w\s])", r" \1 ")
    ids = words.lookup(tf.strings.split(spaced).to_sparse())
    return tf.nn.safe_embedding_lookup_sparse(embeddings, ids, combiner="sqrtn")


def _module_fn(vocabulary: str, shape: tuple[int, int]) -> None:
    sentences = tf.compat.v1.placeholder(tf.string, [None], name="sentences")
    embeddings = tf.compat.v1.get_variable("embeddings", shape, initializer=tf.zeros_initializer())
    hub.add_signature(inputs=sentences, outputs=embed(sentences, _word_table(vocabulary), embeddings))


def _word_table(vocabulary: str) -> tf.lookup.StaticVocabularyTable:
    lines = tf.lookup.TextFileInitializer(
        vocabulary,
        key_dtype=tf.string,
        key_index=tf.lookup.TextFileIndex.WHOLE_LINE,
        value_dtype=tf.int64,
        value_index=tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return tf.lookup.StaticVocabularyTable(lines, num_oov_buckets=OOV_BUCKETS)
