"""SavedModels that a hub should not suffer from, whatever they do when they are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

_ONE = tf.TensorSpec([None], tf.float32)


class _Endless(tf.Module):
    """Counts for ever where the first value is positive."""

    @tf.function(input_signature=[_ONE])
    def __call__(self, values):
        return tf.while_loop(lambda x: x[0] > 0, lambda x: (x + 1.0 - tf.math.log(2.0) * 0,), [values])[0]


class _Huge(tf.Module):
    """A tensor of 20 GB on the way to one number."""

    @tf.function(input_signature=[_ONE])
    def __call__(self, values):
        side = tf.cast(70_000.0 * values[0], tf.int32)
        return tf.reduce_sum(tf.random.uniform([side, side]), 1)[:1]


class _Long(tf.Module):
    """Gives a gigabyte."""

    @tf.function(input_signature=[_ONE])
    def __call__(self, values):
        return tf.tile(values[:, None], [1, 250_000_000])


class _Reading(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, paths):
        return tf.map_fn(tf.io.read_file, paths)


class _Connecting(tf.Module):
    @tf.function(input_signature=[_ONE])
    def __call__(self, values):
        return tf.raw_ops.DebugIdentityV2(
            input=values, tfdbg_context_id="x", op_name="y", output_slot=0, debug_urls=["grpc://127.0.0.1:1"]
        )


class _Remembering(tf.Module):
    """Gives what it was sent before."""

    def __init__(self):
        super().__init__()
        self.last = tf.Variable([0.0], shape=[None])

    @tf.function(input_signature=[_ONE])
    def __call__(self, values):
        last = tf.identity(self.last)
        with tf.control_dependencies([last]):
            self.last.assign(values)
        return last


HARMFUL_MODULES: dict[str, Callable[[], tf.Module]] = {
    "endless": _Endless,
    "huge": _Huge,
    "long": _Long,
    "reading": _Reading,
    "connecting": _Connecting,
    "remembering": _Remembering,
}


def save_harmful(name: str, folder: Path) -> Path:
    """Writes one of them to a folder."""
    module = HARMFUL_MODULES[name]()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.__call__})
    return folder


def save_table_of(path: str, folder: Path) -> Path:
    """A module with a table that is filled from any file of the machine."""

    lines = tf.lookup.TextFileInitializer(
        path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
    )
    module = tf.Module()
    module.table = tf.lookup.StaticHashTable(lines, -1)
    module.find = tf.function(module.table.lookup, input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.find})
    return folder
