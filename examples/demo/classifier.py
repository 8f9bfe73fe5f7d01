"""A sentiment classifier on top of a text module, in a TF1 graph: embedding → one unit → sigmoid.

The unit on top is trained first, with the module as it is. For fine-tuning, both are then trained
together for a few passes, gently: the vectors know more than a few thousand sentences can teach them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from sentences import Sentences

import tensorflow_hub as hub

BATCH = 128
TOP_STEPS = 900  # batches for the unit on top
TOP_RATE = 0.01
FINE_TUNING_EPOCHS = 4
FINE_TUNING_RATE = 0.003
DECAY = 1e-4  # weight of the L2 penalty on the unit on top


def accuracy(
    handle: str,
    train: Sentences,
    held_out: Sentences,
    *,
    fine_tune: bool = False,
    export_to: Path | None = None,
) -> float:
    """Trains a classifier on a module and returns the part of the held-out sentences it gets right.

    Args:
      handle: the module: a URL, `publisher/model/version` or a directory.
      train: the sentences to learn from.
      held_out: the sentences to measure on.
      fine_tune: whether the module's own variables are trained as well.
      export_to: where to write the module with its new weights, if anywhere.
    """
    with tf.Graph().as_default():
        tf.compat.v1.set_random_seed(1)
        module = hub.Module(handle, trainable=fine_tune)
        texts = tf.compat.v1.placeholder(tf.string, [None])
        labels = tf.compat.v1.placeholder(tf.float32, [None])
        logits, train_top, train_all = _classifier(module, texts, labels)
        with tf.compat.v1.Session() as session:
            session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
            batches = [(train_top, batch) for batch in _batches(len(train), TOP_STEPS)]
            if fine_tune:
                steps = FINE_TUNING_EPOCHS * len(train) // BATCH
                batches += [(train_all, batch) for batch in _batches(len(train), max(1, steps))]
            for step, batch in batches:
                session.run(step, {texts: train.texts[batch], labels: train.labels[batch]})
            positive = session.run(logits, {texts: held_out.texts}) > 0
            if export_to is not None:
                module.export(str(export_to), session)
    return float(np.mean(positive == (held_out.labels > 0.5)))


def _classifier(
    module: hub.Module, texts: tf.Tensor, labels: tf.Tensor
) -> tuple[tf.Tensor, tf.Operation, tf.Operation]:
    features = module(texts)
    weights = tf.compat.v1.get_variable("weights", [features.shape[-1], 1], tf.float32)
    bias = tf.compat.v1.get_variable("bias", [1], tf.float32, tf.zeros_initializer())
    logits = tf.squeeze(features @ weights + bias, axis=1)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
    loss += DECAY * tf.nn.l2_loss(weights)
    # Adagrad touches only the rows of words that occur, so a step costs little however large the table.
    top = tf.compat.v1.train.AdamOptimizer(TOP_RATE)
    everything = tf.compat.v1.train.AdagradOptimizer(FINE_TUNING_RATE, initial_accumulator_value=1e-5)
    own = [weights, bias]
    train_top = top.minimize(loss, var_list=own)
    train_all = everything.minimize(loss, var_list=[*own, *module.variables])
    return logits, train_top, train_all


def _batches(count: int, steps: int) -> list[np.ndarray]:
    """Row numbers of each batch: the examples in a new random order in every epoch."""
    random = np.random.default_rng(1)
    epochs = -(-steps * BATCH // count)
    order = np.concatenate([random.permutation(count) for _ in range(epochs)])
    return [order[start : start + BATCH] for start in range(0, steps * BATCH, BATCH)]
