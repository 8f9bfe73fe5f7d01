"""Functions: registration with the eager runtime, and conversion of variables to constants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tensorflow.python.eager import context
from tensorflow.python.framework import convert_to_constants


def register_functions(definitions: Iterable[Any]) -> None:
    """Registers `FunctionDef`s with the eager runtime, except those whose names are registered already.

    Public: `import_graph_def` adds functions to a graph, not to the eager runtime.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules of TensorFlow 1 with functions cannot be called eagerly.
    """
    runtime = context.context()
    runtime.ensure_initialized()
    for definition in definitions:
        if not runtime.has_function(definition.signature.name):
            runtime.add_function_def(definition)


def with_constants(function: Any) -> tuple[Any, int]:
    """The graph of a concrete function with constants instead of variables, and the number of these.

    Public: `tf.compat.v1.graph_util` does this for graphs with a session, which a function does not have.
    Since: TensorFlow 2.15 or earlier.
    Without it: retraining is slower, because each step reads the weights of the module.
    """
    data = convert_to_constants._FunctionConverterDataInEager(
        function, lower_control_flow=True, aggressive_inlining=False
    )
    graph_def, constants = convert_to_constants._replace_variables_by_constants(data)
    return graph_def, len(constants)
