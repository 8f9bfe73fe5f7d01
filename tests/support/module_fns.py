"""Graphs that authors might write, for several test files."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

import tensorflow_hub as hub

v1 = tf.compat.v1


def half_plus_two() -> None:
    x = v1.placeholder(tf.float32, [None], name="x")
    half = v1.get_variable("half", initializer=0.5)
    two = v1.get_variable("two", initializer=2.0, trainable=False)
    hub.add_signature(inputs=x, outputs=half * x + two)


def dense(train: bool = False) -> None:
    """One layer with weight decay; the train variant has dropout and counts its applications."""
    x = v1.placeholder(tf.float32, [None, 3], name="x")
    regularizer = lambda w: 0.1 * tf.reduce_sum(tf.square(w))  # noqa: E731
    kernel = v1.get_variable("kernel", [3, 2], initializer=v1.ones_initializer(), regularizer=regularizer)
    count = v1.get_variable("count", initializer=0.0, trainable=False)
    if train:
        v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_add(count, 1.0))
    hub.add_signature(inputs=x, outputs=tf.linalg.matmul(x, kernel))
    hub.add_signature("count", outputs=tf.identity(count))


DENSE_VARIANTS = [(set(), {}), ({"train"}, {"train": True})]


def vocabulary(path: Path, *words: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{word}\n" for word in words))
    return str(path)


def word_ids(path: str, buckets: int = 1) -> tf.lookup.StaticVocabularyTable:
    lookup = tf.lookup
    initializer = lookup.TextFileInitializer(
        path, tf.string, lookup.TextFileIndex.WHOLE_LINE, tf.int64, lookup.TextFileIndex.LINE_NUMBER
    )
    return lookup.StaticVocabularyTable(initializer, buckets)


def initialize(session: v1.Session) -> None:
    session.run([v1.global_variables_initializer(), v1.tables_initializer()])


def run(fetches, feed_dict=None):
    with v1.Session() as session:
        initialize(session)
        return session.run(fetches, feed_dict)


def in_function(spec, *inputs: tf.TensorSpec):
    """The module as a function of an eager program."""

    def apply(*values):
        return hub.Module(spec)(*values)

    return v1.wrap_function(apply, list(inputs))


def export(spec, path: Path, tags=None) -> Path:
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(spec, tags=tags)
        initialize(session)
        module.export(path, session)
    return path
