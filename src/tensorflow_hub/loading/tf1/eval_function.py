"""`hub.eval_function_for_module`: a module as a function of NumPy values."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from tensorflow_hub.format.module.default_signature import DEFAULT
from tensorflow_hub.graphs.module_spec import ModuleSpec
from tensorflow_hub.graphs.tensor_info import SignatureTensor
from tensorflow_hub.loading.tf1.module import Module
from tensorflow_hub.loading.tf1.signature_inputs import inputs_by_name


@contextlib.contextmanager
def eval_function_for_module(
    spec: ModuleSpec | str | os.PathLike[str], tags: Iterable[str] | str | None = None
) -> Iterator[Callable[..., Any]]:
    """A context with a function that applies a module to NumPy values in a separate graph and session.

    Args:
      spec: a `hub.ModuleSpec`, or a handle: a path or URL.
      tags: which graph variant; None means the one without tags.

    Yields:
      A function `f(inputs=None, signature=None, as_dict=None)` like a `hub.Module`, but for NumPy arrays,
      lists, strings, `SparseTensorValue` and `RaggedTensorValue`; it returns such values. The graph of each
      signature is built at its first call.

    Raises:
      HubError: as `hub.Module` and its calls.

    Example::

        with hub.eval_function_for_module("/tmp/half_plus_two") as f:
            f([1.0, 4.0])  # array([2.5, 4.], dtype=float32)
    """
    with tf.Graph().as_default():
        module = Module(spec, tags=tags)
        initialize = [tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()]
        with tf.compat.v1.Session() as session:
            session.run(initialize)
            yield _EvalFunction(module, session)


class _EvalFunction:
    """Runs a module in a session. Each signature is applied to placeholders at its first call."""

    def __init__(self, module: Module, session: tf.compat.v1.Session) -> None:
        self._module = module
        self._session = session
        self._applied: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def __call__(
        self,
        inputs: Any = None,
        _sentinel: None = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        signature = DEFAULT if signature is None else signature
        declared = self._module.get_input_info_dict(signature)
        values = inputs_by_name(inputs, declared, signature)
        with self._session.graph.as_default():
            if signature not in self._applied:
                placeholders = {name: _placeholder(info) for name, info in declared.items()}
                outputs = self._module(placeholders or None, signature=signature, as_dict=True)
                self._applied[signature] = placeholders, outputs
            placeholders, outputs = self._applied[signature]
        feeds = {placeholders[name]: _feedable(values[name], info) for name, info in declared.items()}
        if not as_dict:
            self._module.require_default(signature)
        return self._session.run(outputs if as_dict else outputs[DEFAULT], feeds)


def _placeholder(info: SignatureTensor) -> Any:
    if info.kind == "dense":
        return tf.compat.v1.placeholder(info.dtype, info.get_shape())
    if info.is_sparse:
        return tf.compat.v1.sparse_placeholder(info.dtype, info.get_shape())
    spec = info.type_spec
    return tf.compat.v1.ragged.placeholder(spec.dtype, spec.ragged_rank, spec.shape[spec.ragged_rank + 1 :])


def _feedable(value: Any, info: SignatureTensor) -> Any:
    if info.kind == "ragged" and isinstance(value, (list, tuple)):
        return tf.compat.v1.ragged.constant_value(
            value, dtype=info.dtype.as_numpy_dtype, ragged_rank=info.type_spec.ragged_rank
        )
    return value
