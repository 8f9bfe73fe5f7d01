"""Functions: in the eager runtime, and with constants for their variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tensorflow.python.eager import context
from tensorflow.python.framework import convert_to_constants


def register_functions(definitions: Iterable[Any]) -> None:
    """Makes `FunctionDef`s known to the eager runtime; one whose name is known is left alone.

    Public: `tf.function` makes functions of Python code; `import_graph_def` adds them to a graph alone.
    Since: TensorFlow 2.15 or earlier.
    Without it: graphs of TensorFlow 1 with functions in them cannot be called eagerly.
    """
    runtime = context.context()
    runtime.ensure_initialized()
    for definition in definitions:
        if not runtime.has_function(definition.signature.name):
            runtime.add_function_def(definition)


def with_constants(function: Any) -> tuple[Any, int]:
    """The graph of a concrete function with constants for the variables it reads, and how many these are.

    Public: `tf.lite` and `tf.compat.v1.graph_util` freeze graphs with sessions; what they call for concrete
    functions makes a function of the graph again, which copies it twice more.
    Since: TensorFlow 2.15 or earlier.
    Without it: retraining reads the weights of the module in each step: slower.
    """
    data = convert_to_constants._FunctionConverterDataInEager(
        function, lower_control_flow=True, aggressive_inlining=False
    )
    graph_def, constants = convert_to_constants._replace_variables_by_constants(data)
    return graph_def, len(constants)
