"""Writes module and head as one SavedModel that takes raw images or strings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError
from tensorflow_hub.exporting.savable_module import SavableModule
from tensorflow_hub.loading.garbage_collection import collection_paused
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.images import decode_batch
from tensorflow_hub.tools.retrain.head import Head


class Classifier(SavableModule):
    """A module with a head: a Reusable SavedModel with the interface of classifiers.

    The call takes the inputs of the module (images, float32 [b, height, width, 3] in [0, 1], or strings [b])
    and returns logits, float32 [b, classes]. The signature `serving_default` takes the bytes of image files
    (`image_bytes`, string [b]) or texts (`text`, string [b]). It returns `scores`, the probabilities, float32
    [b, classes], and `label`, string [b], the name of the most probable class.
    """

    def __init__(self, encoder: Encoder, head: Head, labels: Sequence[str], labels_file: Path) -> None:
        super().__init__()
        self._encoder = encoder
        self._multi_label = head.multi_label
        self.modules = list(encoder.loaded)
        self.head_weights = tf.Variable(head.weights, name="head/kernel")
        self.head_bias = tf.Variable(head.bias, name="head/bias")
        # A variable and not a constant, so that the graph does not depend on the names of the classes.
        self.labels = tf.Variable(list(labels), trainable=False, dtype=tf.string, name="labels")
        self.labels_file = tf.saved_model.Asset(os.fspath(labels_file))
        head_variables = [self.head_weights, self.head_bias]
        self.variables = [*encoder.variables, *head_variables, self.labels]
        self.trainable_variables = [*encoder.trainable_variables, *head_variables]
        self.regularization_losses: list[Any] = []
        self.call_spec = encoder.spec
        # For training only if the module has variables to train.
        self.call_modes = self.untracked((False, True) if encoder.trainable_variables else (False,))
        self.__dict__["__call__"] = tf.function(self.logits, autograph=False)

    def logits(self, inputs: Any, training: bool = False) -> Any:
        """Returns the logits of a batch of the module's inputs, float32 [b, classes]."""
        features = self._encoder.features(inputs, training)
        return features @ self.head_weights + self.head_bias

    def scored(self, batch: Any) -> dict[str, Any]:
        """Returns the probabilities and the most probable labels of a batch of the module's inputs."""
        logits = self.logits(batch, False)
        scores = tf.sigmoid(logits) if self._multi_label else tf.nn.softmax(logits)
        best = tf.gather(self.labels, tf.argmax(logits, axis=-1))
        return {"scores": scores, "label": best}

    def serving_functions(self) -> dict[str, Any]:
        """Returns `serving_default` for files or texts, and for images also `images` for pixels."""
        if self._encoder.kind == "text":
            return {"serving_default": _traced(self.scored, self.call_spec, "text")}

        def from_files(contents: Any) -> dict[str, Any]:
            return self.scored(decode_batch(contents, self._encoder.image_size))

        return {
            "serving_default": _traced(from_files, tf.TensorSpec([None], tf.string), "image_bytes"),
            "images": _traced(self.scored, self.call_spec, "images"),
        }


def _traced(function: Any, spec: Any, name: str) -> Any:
    """Returns the graph of a function of one tensor with this name."""
    named = [tf.TensorSpec(spec.shape, spec.dtype, name)]
    return tf.function(function, input_signature=named, autograph=False).get_concrete_function()


@collection_paused()
def write_saved_model(classifier: Classifier, directory: Path) -> None:
    """Writes the SavedModel as a new folder.

    Raises:
      ExportError: it cannot be written, or the module cannot be exported again.
    """
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    try:
        signatures = classifier.serving_functions()
        tf.saved_model.save(classifier, os.fspath(directory), signatures=signatures, options=options)
    except (OSError, tf.errors.OpError, AssertionError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ExportError(
            f"The classifier cannot be written: {said.rstrip('.')}.",
            hint="Make room on the disk, or choose another folder."
            if isinstance(error, (OSError, tf.errors.OpError))
            else "If the module is in the TF1 Hub format, try its TF2 version.",
        ) from error


def write_tflite(classifier: Classifier, path: Path) -> None:
    """Writes a TFLite file. It takes one image, float32 [1, height, width, 3] in [0, 1], or one string.

    It returns the probabilities, float32 [1, classes].

    Raises:
      ExportError: the module has an op that TFLite does not have.
    """
    spec = tf.TensorSpec([1, *classifier.call_spec.shape[1:]], classifier.call_spec.dtype)
    serve = _traced(lambda inputs: {"scores": classifier.scored(inputs)["scores"]}, spec, "inputs")
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve], classifier)
    if spec.dtype == tf.string:
        kinds = tf.lite.OpsSet
        converter.target_spec.supported_ops = [kinds.TFLITE_BUILTINS, kinds.SELECT_TF_OPS]
    try:
        path.write_bytes(converter.convert())
    except Exception as error:  # the errors of the converter are not public
        raise ExportError(
            f"The classifier cannot be converted to TFLite: {str(error).strip().splitlines()[0]}",
            hint="The module uses an op that TFLite lacks; serve the SavedModel instead.",
        ) from error
