"""A module that is loaded to answer requests: checked before, with bounded answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, LimitError, ModuleError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module import layout
from tensorflow_hub.format.module.calls import ModuleCall, choose_call
from tensorflow_hub.format.module.fit_to_run import check_fit_to_run
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.reachable_ops import applied_ops
from tensorflow_hub.internals.ops import op_definition
from tensorflow_hub.loading.load import load
from tensorflow_hub.tools.running.run import arrays_of
from tensorflow_hub.tools.tensorflow_errors import first_line

_USUAL = ("serving_default", "default")
# Of all outputs together; as JSON a number takes some ten bytes.
MOST_VALUES = 2_000_000
_MOST_BYTES = 16 << 20
# Ops with a state that no call changes: they read what was loaded, draw random numbers, or call others.
_READING = """
    Assert CheckNumerics HashTable HashTableV2 If InitializeTable InitializeTableFromTextFile
    InitializeTableFromTextFileV2 InitializeTableV2 LookupTableExport LookupTableExportV2 LookupTableFind
    LookupTableFindV2 LookupTableSize LookupTableSizeV2 Multinomial NoOp ParallelBatchAssert
    ParameterizedTruncatedNormal PartitionedCall Placeholder RandomGamma RandomPoisson RandomPoissonV2
    RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt ReadVariableOp ResourceGather
    ResourceGatherNd StatefulPartitionedCall TruncatedNormal VarHandleOp VarIsInitializedOp Variable
    VariableShape VariableV2 While"""
_ONLY_READ = frozenset(_READING.split())


@dataclasses.dataclass(frozen=True)
class ServedModule:
    """A loaded module.

    Attributes:
      description: what is in it.
      loaded: the object of `hub.load`.
      remembers: whether a call may change what later calls see; then no two callers may share it.
    """

    description: ModuleDescription
    loaded: Any
    remembers: bool

    def choose_call(self, signature: str) -> ModuleCall:
        """How it is called; with "" by the signature that is meant for serving, else as the object itself.

        Raises:
          SignatureError: it has no such signature, or nothing that can be called.
        """
        names = {s.name for variant in self.description.variants for s in variant.signatures}
        usual = next((name for name in _USUAL if name in names), None)
        return choose_call(self.description, "the module", signature or usual)

    def call(self, call: ModuleCall, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs for inputs by name, as NumPy arrays.

        Raises:
          InputError: the module cannot be applied to these.
          LimitError: it needs more memory, or gives more, than is allowed.
        """
        try:
            outputs = call.apply(self.loaded, {name: tf.constant(value) for name, value in tensors.items()})
            _check_size(outputs)
            return arrays_of(outputs)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise LimitError(
                "The module needs more memory for this than the hub gives it.", hint="Send less at once."
            ) from error
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise InputError(
                f"The module cannot be applied to this: {first_line(error)}.",
                hint="See on its page what it takes.",
            ) from error


def open_module(directory: str) -> ServedModule:
    """Checks a module and loads it.

    Raises:
      RejectedError: it has ops that reach outside of the graph, or others that the hub does not run.
      ModuleError: it cannot be loaded.
    """
    description = describe(directory)
    check_fit_to_run(description)
    graphs = layout.read_saved_model(Path(directory)).meta_graphs
    applied = {op for graph in graphs for op in applied_ops(graph)}
    try:
        return ServedModule(description, load(directory), any(map(_remembers, applied)))
    except (tf.errors.OpError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModuleError(
            f"The module cannot be loaded: {first_line(error)}.", hint="Does `hub.load` load it?"
        ) from error


def _remembers(op: str) -> bool:
    definition = op_definition(op)
    return definition is not None and definition.is_stateful and op not in _ONLY_READ


def _check_size(outputs: Any) -> None:
    tensors = [
        value for value in tf.nest.flatten(outputs, expand_composites=True) if isinstance(value, tf.Tensor)
    ]
    values = sum(int(tf.size(tensor, tf.int64)) for tensor in tensors)
    size = sum(int(tf.reduce_sum(tf.strings.length(t))) for t in tensors if t.dtype == tf.string)
    if values > MOST_VALUES or size > _MOST_BYTES:
        raise LimitError(
            f"Expected at most {MOST_VALUES:,} values and {_MOST_BYTES:,} bytes of strings from the module, "
            f"got {values:,} and {size:,}.",
            hint="Send less at once, or run the module yourself.",
        )
