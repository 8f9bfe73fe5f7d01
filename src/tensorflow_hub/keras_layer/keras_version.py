"""The choice of the class that `hub.KerasLayer` is: the layer for Keras 3 or the layer for Keras 2.

Models of Keras 3 do not accept layers of Keras 2, and the other way round. The rule:

- In a file that imports `tf_keras` and not `keras`, the name is the layer for Keras 2.
- Elsewhere it is the layer for `tf.keras`. That is Keras 2 up to TensorFlow 2.15, and Keras 3 since then;
  with `TF_USE_LEGACY_KERAS=1` it is Keras 2.

The file is found by the frame that reads the attribute `KerasLayer`. Imports that have run count, and those
further down at the top level of the file. Two cases are not recognized, and get the layer for `tf.keras`: a
file that uses models of `tf_keras` from another file without importing it, and a notebook that runs
`from tensorflow_hub import KerasLayer` in a cell before the one with `import tf_keras`. There, and in a file
with both packages, import `keras_layer.keras2.KerasLayer` or `keras_layer.keras3.KerasLayer`; error messages
say so.

A rule without frames would depend on the whole process (is `tf_keras` in `sys.modules`?), and so on imports
of other packages and their order. Pickled and subclassed layers do not depend on the rule: the classes are
ordinary classes of their modules.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any


def layer_class(frame: FrameType | None) -> Any:
    """The class that `hub.KerasLayer` is for the code of a frame.

    Args:
      frame: the frame of the code that reads the attribute; None for the layer for `tf.keras`.
    """
    return importlib.import_module(f"{__package__}.{_version_for(frame)}").KerasLayer


def _version_for(frame: FrameType | None) -> str:
    version = keras_version_of_tensorflow()
    if version == "keras3" and frame is not None and _imported_keras_packages(frame) == {"tf_keras"}:
        return "keras2"
    return version


def keras_version_of_tensorflow() -> str:
    """The name of the module with the layer for `tf.keras`: "keras2" or "keras3"."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return "keras3"  # Keras 2 has no other backend, so the program uses Keras 3
    if os.environ.get("TF_USE_LEGACY_KERAS", "").strip().lower() in {"1", "true"}:
        return "keras2"
    try:
        major = importlib.metadata.version("keras").split(".", 1)[0]
    except importlib.metadata.PackageNotFoundError:
        return "keras2"
    return "keras2" if major == "2" or _tensorflow_release() < (2, 16) else "keras3"


def _imported_keras_packages(frame: FrameType) -> set[str]:
    """Which of "keras" and "tf_keras" (or names in them) the file of a frame imports."""
    while frame.f_back is not None and frame.f_globals.get("__name__") == "importlib._bootstrap":
        frame = frame.f_back  # `from … import KerasLayer` reads the attribute there first
    if "tf_keras" not in sys.modules and not _imports(frame.f_code) & {"tf_keras"}:
        return set()
    # Imports that have run, and those further down in the file.
    names = {_package_of(value) for value in [*frame.f_globals.values(), *frame.f_locals.values()]}
    return (names | _imports(frame.f_code)) & {"keras", "tf_keras"}


def _package_of(value: Any) -> str:
    """The package of a module, class or function; "" for other values."""
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0]
    if isinstance(value, (type, FunctionType)):
        return str(value.__module__).partition(".")[0]
    return ""


def _imports(code: CodeType) -> set[str]:
    """The packages that the code of a file or function imports."""
    if not any(name.partition(".")[0] == "tf_keras" for name in code.co_names):
        return set()
    import dis

    names = (step.argval for step in dis.get_instructions(code) if step.opname == "IMPORT_NAME")
    return {name.partition(".")[0] for name in names}


def _tensorflow_release() -> tuple[int, int]:
    import tensorflow as tf

    major, minor = tf.__version__.split(".")[:2]
    return int(major), int(minor)
