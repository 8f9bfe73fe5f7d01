"""`ReusableModule`: a graph of TensorFlow 1 with the Reusable SavedModel interface of TensorFlow 2.

    module = hub.load("acme/image/feature-vector/1")     # in TF1 Hub format
    features = module(images, training=True)             # runs the {"train"} variant and its update ops

Each signature becomes a function of the subgraph between its inputs and its outputs. All functions of all
graph variants share the same variables and tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.format.module.default_signature import default_signature
from tensorflow_hub.graphs.calling_convention import CallingConvention
from tensorflow_hub.graphs.collections import variable_defs
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.reference_variables import to_resources
from tensorflow_hub.graphs.saved_model import SavedModelDirectory
from tensorflow_hub.graphs.signatures import Signature
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.internals.trackables import TrackableObject
from tensorflow_hub.loading.custom_ops import require_ops
from tensorflow_hub.loading.input_conversion import with_traced_shape
from tensorflow_hub.loading.origin import record_origin_of_part
from tensorflow_hub.loading.tf1.saved_functions import functions_to_save
from tensorflow_hub.loading.tf1.signature_inputs import convert_inputs
from tensorflow_hub.loading.tf1.state_objects import StateObjects
from tensorflow_hub.loading.tf1.subgraph_functions import (
    VariantWithState,
    evaluate,
    loss_function,
    signature_function,
)
from tensorflow_hub.loading.training_argument import apply_for, check_training

_TRAIN = "train"
# The hint for callers that take the name of a signature as an argument.
SIGNATURE_HINT = "Pass one of these as signature=…."


class Signatures(Mapping[str, Any]):
    """The signatures of a module by name. The function of a signature is traced when it is first used.

    Attributes:
      on_demand: True. Code that walks over the parts of an object does not trace all functions.
    """

    on_demand = True

    def __init__(self, names: Collection[str], make: Callable[[str], Any]) -> None:
        self._names = sorted(names)
        self._make = make

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"Signatures({self._names})"


class ReusableModule(TrackableObject):
    """A loaded graph of TensorFlow 1 that can be called and trained.

    Attributes:
      variables: all variables.
      trainable_variables: those that the author made trainable.
      regularization_losses: functions without arguments that return scalars.
      signatures: signature name → function from tensors by name to a dict of tensors.
      asset_paths: the module's assets.
    """

    _is_hub_module_v1: bool

    def __init__(
        self, directory: SavedModelDirectory, inference: VariantWithState, training: VariantWithState
    ) -> None:
        state = inference.state
        self._is_hub_module_v1 = directory.is_hub_format
        self._inference = self.untracked(inference)
        self._training = self.untracked(training)
        self._functions = self.untracked({})
        self._path = directory.path
        trainable = [variable for variable in state.variables.values() if variable.trainable]
        self.variables = list(state.variables.values())
        self.trainable_variables = trainable
        self.regularization_losses = [loss_function(training, name) for name in training.losses]
        self.asset_paths = list(state.assets.values())
        self._resources = list(state.resources.values())
        info = inference.graph.meta_graph.meta_info_def
        self.tensorflow_version = info.tensorflow_version
        self.tensorflow_git_version = info.tensorflow_git_version
        self.signatures = self.untracked(Signatures(inference.signatures, self._signature_function))

    def __call__(self, inputs: Any = None, training: bool = False) -> Any:
        """Applies the default signature.

        Args:
          inputs: a tensor of the dtype and shape that the signature declares, or a value that converts to
            one; or a dict of these by input name.
          training: whether to run the graph variant with the tag "train", if there is one, and its update
            ops.

        Returns:
          The output named "default"; if there is none, a dict of all outputs.

        Raises:
          SignatureError: the module has no default signature.
          InputError: the inputs do not fit the signature.
        """
        check_training(training, "module")
        name = self.default_signature()
        outputs = apply_for(training, lambda training: self.call_signature(inputs, name, training=training))
        return outputs.get("default", outputs)

    def call_signature(
        self, inputs: Any = None, signature: str = "default", *, training: bool = False, endpoints: Any = ()
    ) -> dict[str, Any]:
        """Applies any signature.

        Args:
          inputs: as for calling the module. Tensors may be dense, sparse or ragged.
          signature: its name.
          training: as for calling the module.
          endpoints: names of tensors of the graph (or the last parts of such names) to return too.

        Returns:
          All outputs by name, and the endpoints by the given names.

        Raises:
          SignatureError: there is no such signature or endpoint.
          InputError: the inputs do not fit the signature.
        """
        chosen = self._signature(signature, training)
        function = self._function(signature, training, tuple(endpoints))
        converted = {
            name: with_traced_shape(value, chosen.inputs[name].type_spec)
            for name, value in convert_inputs(inputs, chosen.inputs, signature).items()
        }
        return dict(function(**chosen.components(converted)))

    def endpoint_names(self, signature: str | None = None) -> list[str]:
        """The names of the tensors that can be endpoints of a signature (None means the default one)."""
        chosen = self._signature(signature or self.default_signature(SIGNATURE_HINT), False)
        feeds = self._inference.state.feed_names() | set(chosen.input_tensors)
        graph = self._inference.graph
        needed = graph.needed(chosen.output_tensors, feeds) - graph.inaccessible
        return sorted(f"{name}:0" for name in needed if graph.nodes[name].op != "NoOp")

    @property
    def graph(self) -> tf.Graph:
        """The whole graph as a new `tf.Graph`, for inspection. It has no values of variables."""
        graph = tf.Graph()
        with graph.as_default():
            tf.graph_util.import_graph_def(self._inference.graph.meta_graph.graph_def, name="")
        return graph

    def prune(self, feeds: Any, fetches: Any) -> Any:
        """Makes a function of the subgraph between tensors, as `prune` of `tf.compat.v1.wrap_function` does.

        Args:
          feeds: a tensor or its name, or a list of these.
          fetches: a tensor or its name, or a nest of these.

        Returns:
          A function with one argument for each feed. It returns values in the nest of `fetches`.
        """
        variant = self._inference
        names = [_name(feed) for feed in tf.nest.flatten(feeds)]

        def run(*tensors: Any) -> Any:
            fed = dict(zip(names, tensors, strict=True))
            fetch_names = [_name(fetch) for fetch in tf.nest.flatten(fetches)]
            return tf.nest.pack_sequence_as(fetches, evaluate(variant, fetch_names, fed))

        graph = self.graph
        specs = [_spec_of(graph.get_tensor_by_name(name)) for name in names]
        return tf.function(run, autograph=False, input_signature=specs)

    def input_specs(self, signature: str) -> dict[str, tf.TypeSpec]:
        """The specs of a signature's inputs by name."""
        return self._signature(signature, False).input_specs

    def calling_convention(self, signature: str, given: Collection[str] = ()) -> CallingConvention:
        """How to call a signature with `call_signature`.

        Args:
          signature: the name of the signature.
          given: the names of inputs that the caller sets, and that are not inputs of a layer.
        """
        specs = {name: spec for name, spec in self.input_specs(signature).items() if name not in given}
        return CallingConvention(True, (specs,), takes_keywords=True, names=tuple(sorted(specs)))

    def output_names(self, signature: str) -> list[str]:
        """The names of a signature's outputs."""
        return list(self._signature(signature, False).outputs)

    def default_signature(self, advice: str = "Call one of these through .signatures[…].") -> str:
        """The name of the default signature; see `format.module.default_signature`.

        Args:
          advice: the hint of the error.

        Raises:
          SignatureError: there is no default signature.
        """
        names: list[str] = list(self._inference.signatures)
        name = default_signature(names)
        if name is not None:
            return name
        raise SignatureError(
            f"Expected a default signature in {self._path!r}, got the signatures {sorted(names)}.",
            hint=advice,
        )

    def saved_functions(self) -> dict[str, Any]:
        """The functions to save with the object: its call and its signatures."""
        return {} if self._inference.state.is_distributed else functions_to_save(self)

    def _signature_function(self, name: str) -> Any:
        function = self._function(name, False, ())
        record_origin_of_part(function, self, ("signatures", name))
        return function

    def _signature(self, name: str, training: bool) -> Signature:
        variant: VariantWithState = self._training if training else self._inference
        if name not in variant.signatures:
            raise SignatureError(
                f"Expected a signature of {self._path!r}, one of {sorted(variant.signatures)}, got {name!r}.",
                hint="Pass one of these.",
            )
        return variant.signatures[name]

    def _function(self, name: str, training: bool, endpoints: tuple[str, ...]) -> Any:
        key = (name, training, endpoints)
        if key not in self._functions:
            signature = self._signature(name, training)
            variant = self._training if training else self._inference
            function, arguments = signature_function(variant, signature, training, endpoints)
            if not variant.state.is_distributed:  # else traced by each replica, with its variables
                with tf.init_scope():
                    function = function.get_concrete_function(**arguments)
            self._functions[key] = function
        return self._functions[key]


def load_reusable(directory: SavedModelDirectory, tags: Collection[str] | None) -> ReusableModule:
    """Makes the object that `hub.load` returns for a graph of TensorFlow 1.

    Args:
      directory: the SavedModel.
      tags: the tags of the graph; None means the default (`SavedModelDirectory.default_tags`).

    Raises:
      TagsError: no graph has these tags.
    """
    require_ops(directory.proto.meta_graphs, directory.path)
    chosen_tags = frozenset(directory.default_tags() if tags is None else tags)
    state = StateObjects(directory.path, directory.checkpoint, directory.asset_sources())
    graph = IndexedMetaGraph.of(to_resources(directory.meta_graph(chosen_tags)))
    train_tags = chosen_tags | {_TRAIN}
    train_graph = graph
    if train_tags != chosen_tags and train_tags in directory.tag_sets:
        train_graph = IndexedMetaGraph.of(to_resources(directory.meta_graph(train_tags)))
    trainable = [
        node_name(variable.variable_name)
        for variable in variable_defs(train_graph.meta_graph, "trainable_variables")
    ]
    with tf.init_scope():
        for each in {id(graph): graph, id(train_graph): train_graph}.values():
            state.add(each, trainable)
        inference = VariantWithState(graph, state)
        training = inference if train_graph is graph else VariantWithState(train_graph, state)
        return ReusableModule(directory, inference, training)


def _name(tensor: Any) -> str:
    return tensor_name(tensor if isinstance(tensor, str) else tensor.name)


def _spec_of(tensor: Any) -> tf.TensorSpec:
    return tf.TensorSpec(tensor.shape, tensor.dtype)
