"""Which of the two Kerases `hub.KerasLayer` is a layer of.

The two do not take each other's layers. A file that imports `tf_keras` makes models of it, so there the
name means the layer of Keras 2. Everywhere else it means the layer of `tf.keras`: that is Keras 2 up to
TensorFlow 2.15, and Keras 3 since, unless `TF_USE_LEGACY_KERAS=1` asks for Keras 2 in the form of
`tf_keras`. A file that imports both Kerases names the layer that it wants: `keras_layer.keras2.KerasLayer`
or `keras_layer.keras3.KerasLayer`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any


def layer_class(frame: FrameType | None) -> Any:
    """The class that `hub.KerasLayer` means.

    Args:
      frame: of the code that uses the name.
    """
    return importlib.import_module(f"{__package__}.{_version_for(frame)}").KerasLayer


def _version_for(frame: FrameType | None) -> str:
    version = version_of_tf_keras()
    if version == "keras3" and frame is not None and _imported_keras_packages(frame) == {"tf_keras"}:
        return "keras2"
    return version


def version_of_tf_keras() -> str:
    """The module of this package whose layer fits `tf.keras`: "keras2" or "keras3"."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return "keras3"  # Keras 2 has one backend, so the program means Keras 3
    if os.environ.get("TF_USE_LEGACY_KERAS", "").strip().lower() in {"1", "true"}:
        return "keras2"
    try:
        major = importlib.metadata.version("keras").split(".", 1)[0]
    except importlib.metadata.PackageNotFoundError:
        return "keras2"
    return "keras2" if major == "2" or _tensorflow_release() < (2, 16) else "keras3"


def _imported_keras_packages(frame: FrameType) -> set[str]:
    """Which of "keras" and "tf_keras" the file that a frame runs imports, or anything of them."""
    while frame.f_back is not None and frame.f_globals.get("__name__") == "importlib._bootstrap":
        frame = frame.f_back  # `from … import KerasLayer` looks first whether there is one
    if "tf_keras" not in sys.modules and not _imports(frame.f_code) & {"tf_keras"}:
        return set()
    # What has been imported so far, and what the file will import further down.
    names = {_origin(value) for value in [*frame.f_globals.values(), *frame.f_locals.values()]}
    return (names | _imports(frame.f_code)) & {"keras", "tf_keras"}


def _origin(value: Any) -> str:
    """The package of a module, class or function; "" for all else."""
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0]
    if isinstance(value, (type, FunctionType)):
        return str(value.__module__).partition(".")[0]
    return ""


def _imports(code: CodeType) -> set[str]:
    """The packages that code of a file imports."""
    if not any(name.partition(".")[0] == "tf_keras" for name in code.co_names):
        return set()
    import dis

    names = (step.argval for step in dis.get_instructions(code) if step.opname == "IMPORT_NAME")
    return {name.partition(".")[0] for name in names}


def _tensorflow_release() -> tuple[int, int]:
    import tensorflow as tf

    major, minor = tf.__version__.split(".")[:2]
    return int(major), int(minor)
