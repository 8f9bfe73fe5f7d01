"""Files of other formats that users pass as modules, such as `.keras` and `.tflite`: the errors for them."""

from __future__ import annotations

import os

from tensorflow_hub.errors import NotAModuleError

_KERAS = (
    "a file of a Keras model",
    "Export it as a module with hub.export_keras_model({path!r}, 'my_module'), or load it with "
    "keras.models.load_model and pass the model to hub.KerasLayer.",
)
# File suffix → what such a file is, and what to do with it.
_FORMATS = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    "saved_model.pb": ("a file of a module", "Pass the directory that it is in: {folder!r}."),
    "tfhub_module.pb": ("a file of a module", "Pass the directory that it is in: {folder!r}."),
    ".pb": (
        "a file of a frozen graph",
        "Import it with tf.graph_util.import_graph_def, or make a SavedModel of it and pass its directory.",
    ),
    ".tflite": ("a file of TensorFlow Lite", "Open it with tf.lite.Interpreter(model_path={path!r})."),
    ".index": ("a file of a checkpoint", "Restore it with tf.train.Checkpoint(…).restore(…)."),
    ".ckpt": ("a file of a checkpoint", "Restore it with tf.train.Checkpoint(…).restore(…)."),
}


def refuse_other_formats(handle: str | os.PathLike[str]) -> None:
    """Raises an error if a handle is the path of a file of another format.

    Raises:
      NotAModuleError: the handle is such a path; the hint tells how to open the file.
    """
    path = os.fspath(handle)
    suffix = next((suffix for suffix in _FORMATS if path.lower().endswith(suffix)), None)
    if suffix is None or os.path.isdir(path) or not (os.path.isfile(path) or _FORMATS[suffix] is _KERAS):
        return
    what, advice = _FORMATS[suffix]
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    raise NotAModuleError(
        f"Expected a handle of a module, got {what}, {path!r}.",
        hint=advice.format(path=path, folder=folder),
    )
