"""The frame of a classifier: its SavedModel without head and labels, kept beside the features.

The graph of a classifier depends on the module and the number of classes only; head and labels are
variables. So a second run with other head settings neither loads the module nor traces a graph: it copies
the graph and writes the checkpoint anew with its own head. Modules above `MAX_BYTES` are not kept twice.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.features import manner
from tensorflow_hub.tools.retrain.head import Head

_log = logging.getLogger("tensorflow_hub")

VERSION = 1
MAX_BYTES = 300_000_000
LABELS_FILE = "labels.txt"
# Checkpoint keys of what a run replaces.
HEAD_WEIGHTS, HEAD_BIAS, LABELS = (
    f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("head_weights", "head_bias", "labels")
)


def write_labels(path: Path, labels: Sequence[str]) -> None:
    """Writes the names of the classes, one a line, in the order of the scores."""
    path.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")


class Frames:
    """The frames in a folder of the feature cache; None as folder keeps none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder / "frames" if folder else None

    def wants(self, encoder: Encoder, classes: int, multi_label: bool) -> bool:
        """Whether a frame is missing that would be kept; opens the module where one is missing."""
        frame = self._path(encoder, classes, multi_label)
        return frame is not None and not frame.is_dir() and encoder.weight_bytes < MAX_BYTES

    def write(self, encoder: Encoder, head: Head, labels: Sequence[str], target: Path) -> bool:
        """Writes a classifier's SavedModel as the new folder `target`; False when there is no frame."""
        frame = self._path(encoder, len(labels), head.multi_label)
        if frame is None or not frame.is_dir():
            return False
        values = {HEAD_WEIGHTS: head.weights, HEAD_BIAS: head.bias, LABELS: np.array(labels, object)}
        try:
            reader = tf.train.load_checkpoint(os.fspath(frame / "variables" / "variables"))
            names = sorted(reader.get_variable_to_shape_map())
            if not set(values) <= set(names):
                return False
            shutil.copytree(frame, target, ignore=shutil.ignore_patterns("variables"))
            (target / "variables").mkdir()
            tf.raw_ops.SaveV2(
                prefix=os.fspath(target / "variables" / "variables"),
                tensor_names=names,
                shape_and_slices=[""] * len(names),
                tensors=[tf.constant(values.get(name, reader.get_tensor(name))) for name in names],
            )
        except (OSError, LookupError, ValueError, tf.errors.OpError):  # TensorFlow raises all of them
            shutil.rmtree(target, ignore_errors=True)
            return False  # a broken frame is as good as none
        write_labels(target / "assets" / LABELS_FILE, labels)
        return True

    def keep(self, encoder: Encoder, saved: Path, classes: int, multi_label: bool) -> None:
        """Keeps a SavedModel that was just written as a frame, unless it is too large."""
        frame = self._path(encoder, classes, multi_label)
        size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file())
        if frame is None or frame.exists() or size > MAX_BYTES:
            return
        try:
            frame.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=frame.parent, ignore_cleanup_errors=True) as temporary:
                # The fingerprint is one of the checkpoint's content, which changes.
                ignored = shutil.ignore_patterns("fingerprint.pb")
                shutil.copytree(saved, Path(temporary) / "frame", ignore=ignored)
                (Path(temporary) / "frame").rename(frame)
        except OSError as error:  # another process was faster, or the disk is full: it is only a cache
            _log.debug("The frame %s is not kept: %s", frame, error)

    def _path(self, encoder: Encoder, classes: int, multi_label: bool) -> Path | None:
        if self._folder is None:
            return None
        facts = (VERSION, tf.__version__, encoder.module.digest, manner(encoder), classes, multi_label)
        return self._folder / hashlib.sha256(repr(facts).encode()).hexdigest()[:40]
