"""Custom ops: which ops of a SavedModel are missing in this process, found before it is loaded."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError, UnsupportedFeatureError
from tensorflow_hub.format.module.ops import needed_packages
from tensorflow_hub.internals.ops import op_definition


def require_ops(meta_graphs: Iterable[Any], origin: str) -> None:
    """Makes sure that all ops of some graphs are registered; imports the packages of known custom ops.

    Args:
      meta_graphs: `MetaGraphDef`s.
      origin: the path of the module, for messages.

    Raises:
      MissingDependencyError: the package of an op is known, but not installed.
      UnsupportedFeatureError: an op is not registered, and its package is not known.
    """
    missing = _unknown(op_names(meta_graphs))
    for op in sorted(missing):
        if op in missing:
            for package, module in needed_packages([op]).items():
                _import(package, module, op, origin)
            missing = _unknown(missing)
    if missing:
        more = f", nor {len(missing) - 1} more ops." if len(missing) > 1 else "."
        raise UnsupportedFeatureError(
            f"The module {origin!r} uses the op {min(missing)!r}, which TensorFlow "
            f"{tf.__version__} does not know{more}",
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


def _import(package: str, module: str, op: str, origin: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # an op library made for another TensorFlow raises various errors
        absent = isinstance(error, ModuleNotFoundError)
        raise MissingDependencyError(
            f"The module {origin!r} uses the op {op!r} of the package {package}, which "
            + ("is not installed." if absent else f"cannot be imported: {error}"),
            hint=f"Run `pip install {package}`, in the release that fits TensorFlow {tf.__version__}; it is "
            f"imported for you then, as with `import {module}`.",
        ) from error
