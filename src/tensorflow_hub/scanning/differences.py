"""The differences to tensorflow-hub 0.x that affect a program.

They are those differences in docs/moving_from_tensorflow_hub.md that can be seen in a call.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from tensorflow_hub.scanning.calls import FoundCall
from tensorflow_hub.scanning.findings import Change
from tensorflow_hub.scanning.installed import Installed, exists
from tensorflow_hub.scanning.names import ROOT, Names

_OF_ESTIMATORS = frozenset({"LatestModuleExporter", "register_module_for_export"})
_OF_COLUMNS = frozenset({"image_embedding_column", "sparse_text_embedding_column", "text_embedding_column"})
_MAKE_GRAPHS = frozenset(
    {"disable_eager_execution", "disable_v2_behavior", "Graph", "wrap_function", "Estimator", "model_fn"}
)
_BY_NAME = frozenset({"get_tensor_by_name", "get_operation_by_name"})
_PAGE = "See *Move from tensorflow-hub 0.12 to 0.16* in the documentation."


@dataclasses.dataclass(frozen=True)
class ProgramContext:
    """Properties of a whole program that matter for each of its calls.

    Attributes:
      packages: the packages that it imports.
      makes_graphs: whether it builds graphs of TensorFlow 1 with functions that TensorFlow 2 has, too.
      applies_modules: whether it calls `hub.Module`.
      loaded: the names of variables with results of `hub.load`.
    """

    packages: frozenset[str]
    makes_graphs: bool
    applies_modules: bool
    loaded: frozenset[str]

    @classmethod
    def of(cls, nodes: Sequence[ast.AST], names: Names, calls: Iterable[FoundCall]) -> ProgramContext:
        """Collects the properties from all nodes of a program."""
        words = {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in nodes}
        loads = {call.node for call in calls if call.meaning == f"{ROOT}.load"}
        return cls(
            frozenset(names.packages),
            bool(words & _MAKE_GRAPHS),
            any(call.meaning.endswith(".Module") for call in calls),
            frozenset(_assigned_to(nodes, loads)),
        )


def changes_for(call: FoundCall, context: ProgramContext, installed: Installed) -> tuple[Change, ...]:
    """The changes that a call of the library needs."""
    return tuple(_changes(call.meaning, context, installed))


def _changes(meaning: str, context: ProgramContext, installed: Installed) -> Iterator[Change]:
    name = meaning.rpartition(".")[2]
    if not meaning.startswith(f"{ROOT}."):
        return
    if not exists(meaning):
        shown = meaning.replace(ROOT, "hub", 1)
        yield Change("gone", f"{shown} does not exist in this library.", _PAGE)
    elif name == "Module" and not context.makes_graphs:
        yield Change(
            "graph",
            "hub.Module needs graph mode, and TensorFlow 2 programs are eager.",
            "Call tf.compat.v1.disable_eager_execution() at the start, or use hub.load(handle).",
        )
    elif name in _OF_ESTIMATORS and installed.tensorflow >= (2, 16):
        yield Change(
            "estimator",
            f"hub.{name} is for Estimators, which {installed.shown} does not have.",
            "Run the program on TensorFlow 2.15.",
        )
    elif (
        name in _OF_COLUMNS and installed.tensorflow >= (2, 16) and "tensorflow_estimator" in context.packages
    ):
        yield Change(
            "estimator",
            f"{installed.shown} does not have Estimators.",
            "Run the program on TensorFlow 2.15, or use hub.KerasLayer in a Keras model.",
        )
    elif name == "KerasLayer" and installed.keras >= 3 and {"keras", "tf_keras"} <= context.packages:
        yield Change(
            "tf_keras",
            "This program imports keras and tf_keras, and hub.KerasLayer is a layer of keras in it.",
            "For models of tf_keras write `from tensorflow_hub.keras_layer.keras2 import KerasLayer`.",
        )


def other_changes(
    nodes: Sequence[ast.AST], names: Names, context: ProgramContext
) -> Iterator[tuple[ast.Call, str, Change]]:
    """The changes that calls of TensorFlow with modules need: tuples of the call, its name and the change."""
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        meaning = names.meaning(node.func)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        first = node.args[0] if node.args else None
        if (
            meaning.endswith("saved_model.save")
            and isinstance(first, ast.Name)
            and first.id in context.loaded
        ):
            if not any(keyword.arg == "signatures" for keyword in node.keywords):
                yield (
                    node,
                    "tf.saved_model.save",
                    Change(
                        "save",
                        "Without signatures, tf.saved_model.save refuses a loaded module in TF1 Hub format.",
                        f"Call hub.save({first.id}, path), or pass signatures=dict({first.id}.signatures).",
                    ),
                )
        elif name in _BY_NAME and context.applies_modules and _names_module(first):
            yield (
                node,
                name,
                Change(
                    "ops by name",
                    "Applying a hub.Module adds only the ops that its signatures and updates need.",
                    "Check that this op is one of them. Ops for saving and for summaries are not.",
                ),
            )


def _names_module(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and "module" in str(node.value)


def _assigned_to(nodes: Sequence[ast.AST], values: Iterable[ast.expr]) -> Iterator[str]:
    """The names that one of the values is assigned to."""
    wanted = set(values)
    for node in nodes:
        if isinstance(node, ast.Assign) and node.value in wanted:
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
