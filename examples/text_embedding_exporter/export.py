"""Turns a file of word vectors into a text embedding, in TF1 Hub format and as a TF2 SavedModel.

python examples/text_embedding_exporter/export.py --embedding_file words.txt --export_dir /tmp/embedding

The file has one word per line, followed by the numbers of its vector, separated by spaces (the form of
GloVe and word2vec text files; a first line with two numbers is skipped). A second file may give the
frequency of each word (`word count` per line): only words at least `--min_count` frequent are kept.

Both forms take strings [batch] and give float32 [batch, n]: text is lowered, punctuation removed, split at
spaces; unknown words go to hash buckets; an empty text is the zero vector.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

v1 = tf.compat.v1
COMBINERS = ("sqrtn", "mean", "sum")
_SEGMENTS = {
    "sqrtn": tf.sparse.segment_sqrt_n,
    "mean": tf.sparse.segment_mean,
    "sum": tf.sparse.segment_sum,
}


def read_vectors(path, frequencies=None, min_count=1):
    """The words of a file and their vectors, float32 [words, n].

    Args:
      path: of a file `word number number …` per line.
      frequencies: of a file `word count` per line; None keeps every word.
      min_count: the least count of a word that is kept.

    Raises:
      ValueError: when lines have different numbers of numbers.
    """
    counts = None
    if frequencies:
        pairs = (line.split() for line in Path(frequencies).read_text(encoding="utf-8").splitlines())
        counts = {word: int(count) for word, count in pairs}
    words, vectors = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            word, *numbers = line.rstrip("\n").split(" ")
            if len(numbers) < 2 or (counts is not None and counts.get(word, 0) < min_count):
                continue
            if vectors and len(numbers) != len(vectors[0]):
                raise ValueError(f"Expected {len(vectors[0])} numbers for {word!r}, got {len(numbers)}.")
            words.append(word)
            vectors.append(np.asarray(numbers, np.float32))
    return words, np.stack(vectors)


def embed(text, table, vectors, combiner):
    """Strings [batch] → float32 [batch, n]."""
    clean = tf.strings.regex_replace(tf.strings.lower(text), r"[[:punct:]]", "")
    tokens = tf.strings.split(clean).to_sparse()
    ids = table.lookup(tokens.values)
    return _SEGMENTS[combiner](vectors, ids, tokens.indices[:, 0], num_segments=tf.shape(text)[0])


def lookup_table(vocabulary, oov_buckets):
    """A table from words to line numbers in a file, and unknown words to buckets after them."""
    kinds = tf.lookup.TextFileIndex
    initializer = tf.lookup.TextFileInitializer(
        vocabulary, tf.string, kinds.WHOLE_LINE, tf.int64, kinds.LINE_NUMBER
    )
    return tf.lookup.StaticVocabularyTable(initializer, oov_buckets)


def with_buckets(vectors, oov_buckets, seed=1):
    """Vectors followed by small random ones for the buckets of unknown words."""
    rows = np.random.default_rng(seed).normal(0.0, 0.01, (oov_buckets, vectors.shape[1]))
    return np.concatenate([vectors, rows.astype(np.float32)])


def write_vocabulary(words, directory):
    """A file with one word per line; its name is that of the asset."""
    path = os.path.join(directory, "vocabulary.txt")
    Path(path).write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    return path


def export_tf1(words, vectors, directory, oov_buckets=1, combiner="sqrtn"):
    """Exports a module in TF1 Hub format: strings in, vectors out, the vocabulary as an asset."""
    values = with_buckets(vectors, oov_buckets)
    with tempfile.TemporaryDirectory() as scratch:
        vocabulary = write_vocabulary(words, scratch)

        def module_fn():
            text = v1.placeholder(tf.string, [None], name="text")
            # The values are given to the variable when it is assigned, so that they are in the
            # checkpoint and not in the graph too.
            embeddings = v1.get_variable("embeddings", values.shape, initializer=v1.zeros_initializer())
            y = embed(text, lookup_table(vocabulary, oov_buckets), embeddings, combiner)
            y.set_shape([None, values.shape[1]])
            hub.add_signature(inputs=text, outputs=y)

        spec = hub.create_module_spec(module_fn)
        with tf.Graph().as_default(), v1.Session() as session:
            module = hub.Module(spec)
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            module.variable_map["embeddings"].load(values, session)
            module.export(directory, session)


class TextEmbedding(tf.train.Checkpoint):
    """The same as a TF2 object that follows the Reusable SavedModel interface."""

    def __init__(self, vocabulary, values, oov_buckets, combiner):
        super().__init__()
        self.combiner = combiner
        self.embeddings = tf.Variable(values, name="embeddings")
        self.variables = [self.embeddings]
        self.trainable_variables = [self.embeddings]
        self.regularization_losses = []
        self.table = lookup_table(vocabulary, oov_buckets)

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([], tf.bool)], autograph=False
    )
    def __call__(self, text, training=False):
        """Gives one vector per text; `training` makes no difference."""
        y = embed(text, self.table, self.embeddings, self.combiner)
        return tf.ensure_shape(y, [None, self.embeddings.shape[1]])


def export_tf2(words, vectors, directory, oov_buckets=1, combiner="sqrtn"):
    """Saves the same as a TF2 SavedModel."""
    with tempfile.TemporaryDirectory() as scratch:
        vocabulary = write_vocabulary(words, scratch)
        embedding = TextEmbedding(vocabulary, with_buckets(vectors, oov_buckets), oov_buckets, combiner)
        tf.saved_model.save(embedding, directory)


def main(arguments=None):
    """Reads the vectors, writes both forms below `--export_dir`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--embedding_file", required=True)
    parser.add_argument("--vocab_frequencies", help="file with `word count` per line")
    parser.add_argument("--min_count", type=int, default=1)
    parser.add_argument("--oov_buckets", type=int, default=1)
    parser.add_argument("--combiner", choices=COMBINERS, default="sqrtn")
    parser.add_argument("--export_dir", required=True, help="tf1/ and tf2/ are made in it")
    flags = parser.parse_args(arguments)
    words, vectors = read_vectors(flags.embedding_file, flags.vocab_frequencies, flags.min_count)
    export_tf1(words, vectors, os.path.join(flags.export_dir, "tf1"), flags.oov_buckets, flags.combiner)
    export_tf2(words, vectors, os.path.join(flags.export_dir, "tf2"), flags.oov_buckets, flags.combiner)
    print(f"{len(words)} words, {vectors.shape[1]} dimensions → tf1 and tf2 in {flags.export_dir}")


if __name__ == "__main__":
    main()
