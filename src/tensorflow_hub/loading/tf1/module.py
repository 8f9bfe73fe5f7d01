"""`hub.Module`: a module in TF1 Hub format in a graph."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModeError, ModuleError
from tensorflow_hub.format.module.default_signature import DEFAULT
from tensorflow_hub.graphs import checkpoint
from tensorflow_hub.graphs.module_spec import ModuleSpec
from tensorflow_hub.graphs.tensor_info import SignatureTensor
from tensorflow_hub.internals.ops import is_in_control_flow
from tensorflow_hub.loading.custom_ops import require_ops
from tensorflow_hub.loading.tf1 import module_reader
from tensorflow_hub.loading.tf1.application import add_application, plan_application
from tensorflow_hub.loading.tf1.captured_state import CapturedState
from tensorflow_hub.loading.tf1.graph_state import GraphState, StatePlan, add_state, plan_state
from tensorflow_hub.loading.tf1.signature_inputs import convert_inputs
from tensorflow_hub.loading.tf1.state_objects import StateObjects

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*(?<!/)")


class Module:
    """A module in a graph of TensorFlow 1.

    Creating it adds the module's state (variables, tables, assets) to the graph. Calling it adds ops that use
    this state. It may be called several times, also inside of `tf.cond`, `tf.while_loop` and `tf.function`.

    It needs graph mode: a `tf.Graph`, the model_fn of an Estimator, or a function for
    `tf.compat.v1.wrap_function`. In the last case the variables are made outside of the function, as
    variables of TensorFlow 2, and have their values at once.

    Otherwise run `tf.compat.v1.global_variables_initializer()` and `tf.compat.v1.tables_initializer()` first.
    The initializers of the variables read their values from the module's checkpoint.

    Example::

        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            embed = hub.Module("https://hub.example.com/acme/text-embedding/1")
            vectors = embed(["a sentence", "another one"])
            session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
            print(session.run(vectors))
    """

    def __init__(
        self,
        spec: ModuleSpec | str | os.PathLike[str],
        trainable: bool = False,
        name: str = "module",
        tags: Iterable[str] | str | None = None,
    ) -> None:
        """Adds the state of a module to the current graph.

        Args:
          spec: a `hub.ModuleSpec`, or a handle: a path or URL.
          trainable: whether the module's variables are trained. If so, the variables that its author made
            trainable are added to TRAINABLE_VARIABLES, its losses to REGULARIZATION_LOSSES, and each
            application adds its update ops to UPDATE_OPS.
          name: the name of the variable scope and of the ops; a number is appended if it is in use.
          tags: which graph variant, for example `{"train"}` or "train"; None means the one without tags.

        Raises:
          ModeError: when called eagerly.
          ResolveError: when nothing was found at the handle (an `OSError`).
          NotAModuleError: when there is no module, or one in TF2 format, or values of variables are missing.
          TagsError: when no graph variant has these tags.
          UnsupportedFeatureError: when the module needs an op that is not registered.
        """
        _check_mode()
        self._spec = spec if isinstance(spec, ModuleSpec) else module_reader.load_module_spec(spec)
        self._trainable = bool(trainable)
        self._variant = self._spec._variant(tags)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ModuleError(
                f"Expected a name of letters, digits and . _ - / for the module, got {name!r}.",
                hint="Pass no name for the default, 'module'.",
            )
        with _outside_of_control_flow():
            self._name = _new_scope(name)
            self._state = self._make_state(self._name)

    def _make_state(self, scope: str) -> GraphState | CapturedState:
        """Adds the state to the current graph, or creates it outside of a function of an eager program."""
        require_ops([self._variant.meta_graph], self._spec._location)
        if not _is_function_of_eager_program():
            self._index = self._variant.graph
            plan = self._spec._plan(("state", self._variant.tags, self._trainable), self._plan_state)
            return add_state(plan, scope)
        self._index = self._variant.graph_of_resources
        state = StateObjects(self._spec._location, self._spec._checkpoint, self._spec._assets)
        return CapturedState(self._index, state, self._trainable, scope)

    def _plan_state(self) -> StatePlan:
        spec = self._spec
        return plan_state(self._index, spec._assets, spec._checkpoint, self._trainable, spec._location)

    def __call__(
        self,
        inputs: Any = None,
        _sentinel: None = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        """Applies the module: adds ops that compute the outputs of a signature.

        Args:
          inputs: the value of the signature's only input; or a dict from input names to values; or None for a
            signature without inputs. Values are dense, sparse or ragged tensors of the declared dtype and a
            compatible shape, or NumPy arrays, lists, numbers and strings, which are converted.
          signature: its name; None means `"default"`.
          as_dict: whether to return all outputs; otherwise only the one called `"default"`.

        Returns:
          A dense, sparse or ragged tensor as the signature declares it, or a dict of these by output name.

        Raises:
          SignatureError: when there is no such signature.
          InputError: when inputs are missing or unknown, or of another kind, dtype or shape; or when there is
            no output `"default"`.
          ModeError: when called eagerly, or in another graph than the module's.
        """
        if _sentinel is not None:
            raise InputError(
                f"Expected the signature by keyword, got {_sentinel!r} as second positional argument.",
                hint="Write module(inputs, signature=…).",
            )
        signature = DEFAULT if signature is None else signature
        self._check_graph()
        declared = self.get_input_info_dict(signature)
        if not as_dict:
            self.require_default(signature)
        converted = convert_inputs(inputs, declared, signature)
        all_signatures = self._is_at_top_level()
        plan = self._spec._plan(
            ("apply", self._variant.tags, self._trainable, signature, id(self._index), all_signatures),
            lambda: plan_application(self._index, signature, self._trainable, all_signatures=all_signatures),
        )
        scope = f"{self._name.rsplit('/', 1)[-1]}_apply_{re.sub(r'[^A-Za-z0-9_.-]', '_', signature)}"
        results = add_application(plan, self._state, converted, scope)
        return results if as_dict else results[DEFAULT]

    def require_default(self, signature: str) -> None:
        """Checks that a signature has an output `"default"`.

        Args:
          signature: its name.

        Raises:
          InputError: it has none; the message lists its outputs.
        """
        outputs = self.get_output_info_dict(signature)
        if DEFAULT not in outputs:
            raise InputError(
                f"Expected an output 'default' of signature {signature!r}, which has {sorted(outputs)}.",
                hint="Pass as_dict=True and take the output by its name.",
            )

    def _check_graph(self) -> None:
        """Checks that the module can be applied in the current graph."""
        if tf.executing_eagerly():
            raise _error_in_eager_mode("calling a hub.Module")
        graph = tf.compat.v1.get_default_graph()
        while graph is not self._state.graph and hasattr(graph, "outer_graph"):
            graph = graph.outer_graph
        if graph is not self._state.graph:
            raise ModeError(
                "Expected a call of the hub.Module in the graph that it was created in, got another graph.",
                hint="Create the module in the graph where it is called, or use hub.load(handle).",
            )

    def _is_at_top_level(self) -> bool:
        """Whether new ops are outside of functions, loops and branches.

        There the program can find them by their names, so the ops of all signatures are added. Elsewhere only
        the ops of one signature are added, because a function runs every op that writes to a variable.
        """
        graph = tf.compat.v1.get_default_graph()
        is_graph_of_module = graph is self._state.graph and isinstance(self._state, GraphState)
        return is_graph_of_module and not is_in_control_flow(graph)

    def get_signature_names(self) -> list[str]:
        """Returns the names of the module's signatures, sorted."""
        return self._spec.get_signature_names(tags=self._variant.tags)

    def get_input_info_dict(self, signature: str | None = None) -> dict[str, SignatureTensor]:
        """Returns the inputs of a signature; see `hub.ModuleSpec.get_input_info_dict`.

        Args:
          signature: its name; None means `"default"`.

        Raises:
          SignatureError: there is no such signature.
        """
        return self._spec.get_input_info_dict(signature, tags=self._variant.tags)

    def get_output_info_dict(self, signature: str | None = None) -> dict[str, SignatureTensor]:
        """Returns the outputs of a signature; see `hub.ModuleSpec.get_output_info_dict`.

        Args:
          signature: its name; None means `"default"`.

        Raises:
          SignatureError: there is no such signature.
        """
        return self._spec.get_output_info_dict(signature, tags=self._variant.tags)

    def get_attached_message(self, key: str, message_type: Any, required: bool = False) -> Any:
        """Returns the message that the author attached; see `hub.ModuleSpec.get_attached_message`.

        Args:
          key: the key given to `hub.attach_message`.
          message_type: the class of the message.
          required: whether a missing message is an error.
        """
        return self._spec.get_attached_message(key, message_type, self._variant.tags, required)

    @property
    def variable_map(self) -> dict[str, Any]:
        """Name in the module → variable; for a partitioned variable the list of its parts.

        For example, to restore the variables from another checkpoint::

            tf.compat.v1.train.init_from_checkpoint(
                path, {f"encoder/{name}": variable for name, variable in m.variable_map.items()})
        """
        return dict(self._state.variable_map)

    @property
    def variables(self) -> list[Any]:
        """All variables, ordered by name; of partitioned variables each part."""
        result = []
        for _, value in sorted(self._state.variable_map.items()):
            result += value if isinstance(value, list) else [value]
        return result

    def export(self, path: str | os.PathLike[str], session: Any) -> None:
        """Writes the module to a directory, with the values of its variables in a session.

        All graph variants are written as the author defined them. Nothing is added to the graph, which may be
        finalized.

        Args:
          path: the directory to write, which must not exist. Local, or a path that `tf.io.gfile` can write.
          session: a `tf.compat.v1.Session` or MonitoredSession of the module's graph.

        Raises:
          ExportError: when `path` exists, or cannot be written.
          ModeError: when the session is of another graph.
        """
        if getattr(session, "graph", None) is not self._state.graph:
            raise ModeError(
                f"Expected a session of the module's graph, got {type(session).__name__}.",
                hint="Write module.export(path, session) with the session that trained it.",
            )

        def write(prefix: str) -> None:
            fetches = [variable for _, variable in self._state.stored]
            values = session.run(fetches)
            checkpoint.write_values(
                prefix, [(stored, v) for (stored, _), v in zip(self._state.stored, values, strict=True)]
            )

        self._spec.write(path, write)

    def __repr__(self) -> str:
        return f"<hub.Module {self._name!r} of {self._spec!r}>"


def _check_mode() -> None:
    if tf.executing_eagerly():
        raise _error_in_eager_mode("hub.Module(…)")


def _is_function_of_eager_program() -> bool:
    with tf.init_scope():
        return bool(tf.executing_eagerly())


def _error_in_eager_mode(what: str) -> ModeError:
    return ModeError(
        f"Expected graph mode for {what}, got eager execution.",
        hint="In TF2 programs use hub.load(handle) or hub.KerasLayer(handle), which read modules in TF1 Hub "
        "format too; for the TF1 API write `with tf.Graph().as_default():` around it.",
    )


def _new_scope(name: str) -> str:
    """The name of a new variable scope, which does not depend on the current name scope."""
    graph = tf.compat.v1.get_default_graph()
    while True:
        with tf.compat.v1.variable_scope(None, default_name=name) as scope:
            unique: str = scope.name
            name_scope = scope.original_name_scope
        if name_scope == f"{unique}/":
            return unique
        with graph.name_scope(None):
            if graph.unique_name(unique) == unique:
                return unique


@contextlib.contextmanager
def _outside_of_control_flow() -> Iterator[None]:
    """A context for creating state: outside of loops, branches, functions and control dependencies."""
    if not _is_function_of_eager_program():
        with tf.init_scope():
            yield
    else:
        with tf.control_dependencies(None):
            yield
