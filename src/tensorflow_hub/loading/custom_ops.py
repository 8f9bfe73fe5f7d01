"""Custom ops: checks, before a SavedModel is loaded, that all of its ops are registered in this process."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError, UnsupportedFeatureError
from tensorflow_hub.format.module.ops import needed_packages
from tensorflow_hub.internals.ops import op_definition


def require_ops(meta_graphs: Iterable[Any], path: str) -> None:
    """Checks that all ops of some graphs are registered, after importing the packages of known custom ops.

    Args:
      meta_graphs: `MetaGraphDef`s.
      path: the path of the module, for messages.

    Raises:
      MissingDependencyError: the package of an op is known, but is not installed or cannot be imported.
      UnsupportedFeatureError: an op is not registered, and its package is not known.
    """
    missing = _unknown(op_names(meta_graphs))
    for op in sorted(missing):
        if op in missing:
            for package, module in needed_packages([op]).items():
                _import(package, module, op, path)
            missing = _unknown(missing)
    if missing:
        more = f" (and {len(missing) - 1} more ops)" if len(missing) > 1 else ""
        raise UnsupportedFeatureError(
            f"Expected registered ops in the module {path!r}, got the op {min(missing)!r}{more}, which "
            f"TensorFlow {tf.__version__} does not know.",
            hint="Before loading the module, import the Python package that defines the op, or load its "
            "library with `tf.load_op_library(…)`.",
        )


def op_names(meta_graphs: Iterable[Any]) -> set[str]:
    """The names of all ops in some graphs and their functions, without the names of functions."""
    names: set[str] = set()
    functions: set[str] = set()
    for meta_graph in meta_graphs:
        graph = meta_graph.graph_def
        names.update(node.op for node in graph.node)
        for function in graph.library.function:
            functions.add(function.signature.name)
            names.update(node.op for node in function.node_def)
    return names - functions


def _unknown(ops: set[str]) -> set[str]:
    return {op for op in ops if op_definition(op) is None}


def _import(package: str, module: str, op: str, path: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # an op library for another release of TensorFlow raises various errors
        is_missing = isinstance(error, ModuleNotFoundError)
        raise MissingDependencyError(
            f"The module {path!r} uses the op {op!r} of the package {package}, which "
            + ("is not installed." if is_missing else f"cannot be imported: {error}"),
            hint=f"Run `pip install {package}`, in the release for TensorFlow {tf.__version__}. This library "
            f"then runs `import {module}` for you.",
        ) from error
