"""Files that are handed over as modules and are none: what they are, and what opens them."""

from __future__ import annotations

import os

from tensorflow_hub.errors import NotAModuleError

_KERAS = (
    "a file of a Keras model",
    "Make it a module, hub.export_keras_model({path!r}, 'my_module'), or load it by "
    "keras.models.load_model and pass the model to hub.KerasLayer.",
)
# End of a name → what such a file is, and what to do with it.
_KINDS = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    "saved_model.pb": ("a file of a module", "Give the directory that it is in: {folder!r}."),
    "tfhub_module.pb": ("a file of a module", "Give the directory that it is in: {folder!r}."),
    ".pb": (
        "a file of a frozen graph",
        "Import it by tf.graph_util.import_graph_def, or make a SavedModel of it and give that directory.",
    ),
    ".tflite": ("a file of TensorFlow Lite", "Open it by tf.lite.Interpreter(model_path={path!r})."),
    ".index": ("a file of a checkpoint", "Restore it by tf.train.Checkpoint(…).restore(…)."),
    ".ckpt": ("a file of a checkpoint", "Restore it by tf.train.Checkpoint(…).restore(…)."),
}


def check_is_no_other_file(handle: str | os.PathLike[str]) -> None:
    """Checks that a handle is not the path of a file of another kind.

    Raises:
      NotAModuleError: it is; the error says what opens it.
    """
    path = os.fspath(handle)
    end = next((end for end in _KINDS if path.lower().endswith(end)), None)
    if end is None or os.path.isdir(path) or not (os.path.isfile(path) or _KINDS[end] is _KERAS):
        return
    what, advice = _KINDS[end]
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    raise NotAModuleError(
        f"Expected a handle of a module, got {what}, {path!r}.",
        hint=advice.format(path=path, folder=folder),
    )
