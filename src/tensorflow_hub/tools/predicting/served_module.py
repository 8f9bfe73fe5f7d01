"""Answers requests to a module: it is checked before it is loaded, and its answers are bounded."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, LimitError, ModuleError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.calls import ModuleCall, choose_call, takes_image_files
from tensorflow_hub.format.module.default_signature import SERVING_DEFAULT, default_signature
from tensorflow_hub.format.module.functions import inference_functions
from tensorflow_hub.format.module.graph_files import read_saved_model
from tensorflow_hub.format.module.reachable_ops import applied_ops
from tensorflow_hub.format.module.runnable import check_runnable
from tensorflow_hub.internals.ops import op_definition
from tensorflow_hub.tools.opening import LoadedModule, arrays_of
from tensorflow_hub.tools.predicting.examples_json import check_method, examples_of, results_of
from tensorflow_hub.tools.predicting.serving_json import answer_of, tensors_of
from tensorflow_hub.tools.predicting.shown_outputs import shown_detections, shown_outputs
from tensorflow_hub.tools.running.detections import OUTPUTS as DETECTIONS
from tensorflow_hub.tools.running.detections import boxes_of
from tensorflow_hub.tools.running.inputs import tensor_of, tensor_of_pictures
from tensorflow_hub.tools.running.run import labels_of
from tensorflow_hub.tools.tensorflow_errors import first_line

# The most values of all outputs together: as JSON a number takes about ten bytes.
MOST_VALUES = 2_000_000
# The most pixels of the longer side, if a module takes pictures of any size: its memory grows with them.
_LARGEST_PICTURE = 1024
_MOST_BYTES = 16 << 20
# Ops that are stateful for TensorFlow, but whose state no call changes: they read what was loaded, draw
# random numbers, or call other functions.
_READING = """
    Assert CheckNumerics HashTable HashTableV2 If InitializeTable InitializeTableFromTextFile
    InitializeTableFromTextFileV2 InitializeTableV2 LookupTableExport LookupTableExportV2 LookupTableFind
    LookupTableFindV2 LookupTableSize LookupTableSizeV2 Multinomial NoOp ParallelBatchAssert
    ParameterizedTruncatedNormal PartitionedCall Placeholder RandomGamma RandomPoisson RandomPoissonV2
    RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt ReadVariableOp ResourceGather
    ResourceGatherNd StatefulPartitionedCall TruncatedNormal VarHandleOp VarIsInitializedOp Variable
    VariableShape VariableV2 While"""
_ONLY_READ = frozenset(_READING.split())
# The tag of graphs of TensorFlow 1 for training.
_TRAIN = "train"


class ServedModule:
    """Checks and loads a module, and answers requests. TensorFlow uses `threads` processors at once.

    Attributes:
      remembers: whether a call may change what later calls see. Then two callers must not share the module.

    Raises:
      RejectedError: the module has ops that reach outside of the graph, or others that the hub does not run.
      ModuleError: the module cannot be loaded.
    """

    def __init__(self, directory: str, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self._directory = Path(directory)
        self._description = describe(directory, files=())
        check_runnable(self._description)
        self.remembers = any(map(_remembers, _ops_of_calls(self._directory)))
        try:
            self._module = LoadedModule(directory)
        except (tf.errors.OpError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModuleError(
                f"The module cannot be loaded: {first_line(error)}.", hint="Does `hub.load` load it?"
            ) from error

    def answer(self, request: Mapping[str, Any]) -> bytes:
        """Returns the answer to a request, as JSON.

        A request has "do": "predict", "classify" or "regress", and "body", the request as TensorFlow Serving
        takes it; or "do": "show", with "rows", the values of each input as a person writes them, and
        "files", the names and contents (base64) of the image files of each input.

        Raises:
          HubError: the module cannot be applied to these inputs, or the answer is larger than allowed.
        """
        if request["do"] == "show":
            return self._show(request)
        return self._serve(request["do"], request["body"])

    def _serve(self, asked: str, body: Mapping[str, Any]) -> bytes:
        """Answers as TensorFlow Serving does. It prefers a signature for serving to the object itself."""
        methods = {s.name: s.method for variant in self._description.variants for s in variant.signatures}
        name = body.get("signature_name") or default_signature(methods, preferred=[SERVING_DEFAULT])
        if asked == "predict":
            call = choose_call(self._description, "the module", name)
            return answer_of(body, self._outputs(call, tensors_of(call, body)))
        check_method(asked, name, methods)
        call = choose_call(self._description, "the module", name)
        outputs = self._outputs(call, examples_of(call, body))
        return results_of(asked, outputs, len(body["examples"]))

    def _show(self, request: Mapping[str, Any]) -> bytes:
        """Answers with what a page shows of the outputs."""
        call = choose_call(self._description, "the module", None)
        rows = request["rows"]
        files = {
            name: [(file["name"], base64.b64decode(file["content"])) for file in sent]
            for name, sent in request["files"].items()
        }
        values = {
            name: tensor_of_pictures(files[name], name, tensor, _LARGEST_PICTURE)
            if takes_image_files(name, tensor)
            else tensor_of(rows[name], name, tensor)
            for name, tensor in call.inputs.items()
        }
        outputs = self._outputs(call, values)
        first, tensor = next(iter(call.inputs.items()))
        labels = labels_of(self._directory, outputs)
        found = boxes_of(outputs, labels, values[first]) if first in files else []
        shown = shown_detections([content for _, content in files.get(first, ())], found)
        rest = {name: array for name, array in outputs.items() if not (shown and name in DETECTIONS)}
        texts = rows[first] if tensor.dtype == "string" and first in rows else ()
        return json.dumps(shown + shown_outputs(rest, texts, labels)).encode()

    def _outputs(self, call: ModuleCall, values: Mapping[str, Any]) -> dict[str, Any]:
        try:
            outputs = self._module.apply(call, values, InputError)
            _check_size(outputs)
            return arrays_of(outputs)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise LimitError(
                "The module needs more memory for this than the hub gives it.", hint="Send less at once."
            ) from error


def _ops_of_calls(directory: Path) -> set[str]:
    """The ops that answers may run: those of graphs and traces for training only are not among them."""
    graphs = read_saved_model(directory).meta_graphs
    for_inference = [graph for graph in graphs if _TRAIN not in graph.meta_info_def.tags] or graphs
    called = [applied_ops(graph, inference_functions(graph.object_graph_def)) for graph in for_inference]
    return set().union(*called)


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
