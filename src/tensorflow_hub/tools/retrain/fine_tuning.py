"""Fine-tunes: trains module and head together with a small learning rate, from the fitted head on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import ModuleError
from tensorflow_hub.tools.batches import batches_read_ahead
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.retrain.classifier import Classifier
from tensorflow_hub.tools.retrain.head import cross_entropy, probabilities
from tensorflow_hub.tools.retrain.preparing import Prepared, example_weights

PATIENCE = 2


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A pass over the training examples, with its mean losses in nats. Epoch 0 is before fine-tuning."""

    number: int
    train_loss: float | None
    validation_loss: float | None


@dataclasses.dataclass(frozen=True)
class FineTuning:
    """The epochs of fine-tuning. The classifier has the weights of the epoch `kept`."""

    epochs: tuple[Epoch, ...]
    kept: int
    variables: int


def fine_tune(classifier: Classifier, prepared: Prepared) -> tuple[FineTuning, Matrix]:
    """Trains all variables, and restores those of the epoch with the least validation loss.

    Returns:
      The epochs, and the probabilities of the `measured` examples.

    Raises:
      ModuleError: the module has no trainable variables.
    """
    options, splits, targets = prepared.options, prepared.splits, prepared.targets
    variables = classifier.trainable_variables
    if len(variables) <= 2:
        raise ModuleError(
            f"{prepared.encoder.module.handle!r} has no variables to fine-tune.",
            hint="Leave --fine-tune out, or use a module whose card says fine-tunable.",
        )
    step = _training_step(classifier, variables, options.learning_rate, options.multi_label)
    weights = np.zeros(len(targets), np.float32)
    weights[splits.train] = example_weights(targets[splits.train], options.class_weights)
    random = np.random.default_rng(options.seed)

    def validated(number: int, train_loss: float | None) -> Epoch:
        if not len(splits.validation):
            return Epoch(number, train_loss, None)
        logits = _logits(classifier, prepared, splits.validation)
        loss = cross_entropy(logits, targets[splits.validation], options.multi_label).mean()
        return Epoch(number, train_loss, float(loss))

    history = [validated(0, None)]
    kept, best = 0, [v.numpy() for v in classifier.variables]
    for number in range(1, options.epochs + 1):
        losses = [
            float(step(batch, tf.constant(targets[rows]), tf.constant(weights[rows])))
            for rows, batch in _batches(prepared, random.permutation(splits.train))
        ]
        history.append(validated(number, float(np.mean(losses))))
        options.on_progress("fine-tuning", number, options.epochs)
        loss, least = history[number].validation_loss, history[kept].validation_loss
        if loss is None or least is None or loss < least:  # without validation examples, the last one is kept
            kept, best = number, [v.numpy() for v in classifier.variables]
        elif number - kept >= PATIENCE:
            break
    for variable, value in zip(classifier.variables, best, strict=True):
        variable.assign(value)
    scores = probabilities(_logits(classifier, prepared, prepared.measured), options.multi_label)
    return FineTuning(tuple(history), kept, len(variables) - 2), scores


def _batches(prepared: Prepared, rows: Any) -> Iterator[tuple[Any, Any]]:
    """Yields pairs (row numbers, batch of inputs). Threads read the images of the next batches."""
    read = Reader(prepared.encoder.image_size) if prepared.encoder.kind == "image" else None

    def value_of(row: int) -> Any:
        example = prepared.features.examples[row]
        return read(example.path) if read and example.path else example.text

    for part, values in batches_read_ahead(rows, prepared.options.batch_size or 16, value_of):
        yield part, tf.constant(np.stack(values) if read else values)


def _training_step(classifier: Classifier, variables: Sequence[Any], rate: float, multi_label: bool) -> Any:
    optimizer = tf.compat.v1.train.AdamOptimizer(rate)

    def step(batch: Any, targets: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = classifier.logits(batch, True)
            if multi_label:
                losses = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=-1)
            else:
                losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses * weights)
        gradients = tape.gradient(loss, variables)
        pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        optimizer.apply_gradients(pairs)
        return loss

    return tf.function(step, reduce_retracing=True)


def _logits(classifier: Classifier, prepared: Prepared, rows: Any) -> Matrix:
    parts = [classifier(batch, False).numpy() for _, batch in _batches(prepared, rows)]
    classes = int(classifier.head_bias.shape[0])
    return np.concatenate(parts) if parts else np.zeros((0, classes), np.float32)
