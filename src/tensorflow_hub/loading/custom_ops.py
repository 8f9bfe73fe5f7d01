"""Ops that a SavedModel needs and this process may lack: known before anything is loaded."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError, UnsupportedFeatureError
from tensorflow_hub.format.ops import needed_packages
from tensorflow_hub.internals.ops import op_definition


def require_ops(meta_graphs: Iterable[Any], origin: str) -> None:
    """Makes sure that every op of graphs is known, importing the package of a custom one.

    Args:
      meta_graphs: `MetaGraphDef`s.
      origin: where they are from, for messages.

    Raises:
      MissingDependencyError: the op's package is known, and is not installed.
      UnsupportedFeatureError: nobody here knows the op.
    """
    missing = _unknown(op_names(meta_graphs))
    for op in sorted(missing):
        if op in missing:
            for package, module in needed_packages([op]).items():
                _import(package, module, op, origin)
            missing = _unknown(missing)
    if missing:
        more = f" (nor {len(missing) - 1} more)." if len(missing) > 1 else "."
        raise UnsupportedFeatureError(
            f"The module {origin!r} uses the op {min(missing)!r}, which TensorFlow "
            f"{tf.__version__} does not know here{more}",
            hint="Import the library that defines the op before loading, or load a library of your own with "
            "`tf.load_op_library(…)`.",
        )


def op_names(meta_graphs: Iterable[Any]) -> set[str]:
    """The names of all ops in graphs and their functions, not of functions called."""
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
    except Exception as error:  # an op library that does not fit this TensorFlow raises errors of any kind
        absent = isinstance(error, ModuleNotFoundError)
        raise MissingDependencyError(
            f"The module {origin!r} uses the op {op!r} of the package {package}, which "
            + ("is not installed." if absent else f"cannot be imported: {error}"),
            hint=f"Run `pip install {package}`, in the release that fits TensorFlow {tf.__version__}; it is "
            f"imported for you then, as with `import {module}`.",
        ) from error
