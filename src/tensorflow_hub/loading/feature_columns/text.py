"""Feature columns of texts: `hub.text_embedding_column` and its variants."""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.graphs.module_spec import ModuleSpec
from tensorflow_hub.loading.feature_columns import column_module
from tensorflow_hub.loading.feature_columns.embedding_column import EmbeddingColumn, as_handle, default_output
from tensorflow_hub.resolving.resolve import resolve

_SEGMENT_SUMS = {
    "mean": tf.math.segment_mean,
    "sum": tf.math.segment_sum,
}
_COMBINERS = ("mean", "sqrtn", "sum")


def text_embedding_column(
    key: Any, module_spec: ModuleSpec | str | os.PathLike[str], trainable: bool = False
) -> EmbeddingColumn:
    """A feature column that embeds strings with a text embedding module in TF1 Hub format.

    Args:
      key: the name of the feature, or a column that returns it: strings `[batch]` or `[batch, 1]`.
      module_spec: a `hub.ModuleSpec` or a handle. Its default signature has one input, strings `[batch]`, and
        the output `"default"`, float32 `[batch, n]`.
      trainable: whether the module's variables are trained with the model.

    Returns:
      A column with values float32 `[batch, n]`, for `tf.compat.v1.feature_column.input_layer` and
      `linear_model`, canned Estimators and Keras 2's DenseFeatures.

    Raises:
      SignatureError: the module is not a text embedding.

    Example::

        comment = hub.text_embedding_column("comment", "https://hub.example.com/acme/text-embedding/1")
        features = {"comment": tf.constant(["good", "bad"])}
        tf.compat.v1.feature_column.input_layer(features, [comment])  # [2, n]
    """
    column = TextEmbeddingColumn(key, as_handle(module_spec), trainable)
    _text_input(column.module_spec)
    return column


def sparse_text_embedding_column(
    key: Any,
    module_spec: ModuleSpec | str | os.PathLike[str],
    combiner: str,
    default_value: str | None,
    trainable: bool = False,
) -> EmbeddingColumn:
    """A feature column that embeds lists of strings, one vector for each list.

    Args:
      key: the name of the feature, or a column that returns it: a `tf.SparseTensor` of strings `[batch,
        any]`.
      module_spec: as for `hub.text_embedding_column`.
      combiner: how to combine the vectors of an example's strings: `"mean"`, `"sum"` or `"sqrtn"` (the sum
        divided by the square root of the number of strings).
      default_value: the string to use for an example without strings; None means `""`.
      trainable: whether the module's variables are trained with the model.

    Returns:
      A column of the same kind as `hub.text_embedding_column` returns.

    Raises:
      ModuleError: the combiner is not one of these.
      SignatureError: the module is not a text embedding.

    Example::

        words = hub.sparse_text_embedding_column("words", "acme/text-embedding/1", "mean", None)
        features = {"words": tf.sparse.from_dense([["good", "film"], ["bad", ""]])}
        tf.compat.v1.feature_column.input_layer(features, [words])  # [2, n]
    """
    if combiner not in _COMBINERS:
        raise ModuleError(
            f"Expected a combiner, one of {list(_COMBINERS)}, got {combiner!r}.",
            hint="Pass combiner='mean' for the mean of the vectors.",
        )
    column = SparseTextEmbeddingColumn(
        key, as_handle(module_spec), trainable, combiner, "" if default_value is None else default_value
    )
    _text_input(column.module_spec)
    return column


def text_embedding_column_v2(
    key: Any, module_path: str | os.PathLike[str], output_key: str | None = None, trainable: bool = False
) -> EmbeddingColumn:
    """A feature column that embeds strings with a TF2 SavedModel, or a module in TF1 Hub format.

    Args:
      key: the name of the feature, or a column that returns it: strings `[batch]` or `[batch, 1]`.
      module_path: a handle. The module can be called with strings `[batch]`, or has a signature `"default"`.
      output_key: the name of the output to use; None means `"default"` or the only one.
      trainable: whether the module's variables are trained with the model.

    Returns:
      A column with values float32 `[batch, n]`, for Keras 2's DenseFeatures, and for
      `tf.compat.v1.feature_column.input_layer` in a `tf.Graph`.

    Raises:
      ResolveError: when the column is used, if nothing was found at the handle.

    Example::

        comment = hub.text_embedding_column_v2("comment", "https://hub.example.com/acme/text-embedding/2")
        layer = tf_keras.layers.DenseFeatures([comment])
        layer({"comment": tf.constant(["good", "bad"])})  # [2, n]
    """
    return TextEmbeddingColumnV2(key, os.fspath(module_path), trainable, output_key)


def _text_input(spec: ModuleSpec) -> str:
    """The name of the text input of a module.

    Raises:
      SignatureError: the module is not a text embedding.
    """
    default_output(spec)
    inputs = spec.get_input_info_dict()
    name, info = next(iter(inputs.items()), ("", None))
    if (
        len(inputs) != 1
        or info is None
        or info.kind != "dense"
        or info.dtype != tf.string
        or info.get_shape().rank != 1
    ):
        raise SignatureError(
            f"Expected a text embedding module with one input of strings [None], got "
            f"{ {key: str(value) for key, value in inputs.items()} }.",
            hint="Use a module for text, or hub.image_embedding_column for images.",
        )
    return name


@dataclasses.dataclass(frozen=True)
class TextEmbeddingColumn(EmbeddingColumn):
    """A feature column of strings; see `text_embedding_column`."""

    @property
    def _parsing(self) -> Any:
        return tf.io.FixedLenFeature([1], tf.string)

    def _inputs(self, feature: Any) -> dict[str, Any]:
        return {_text_input(self.module_spec): tf.reshape(feature, [-1])}


@dataclasses.dataclass(frozen=True)
class SparseTextEmbeddingColumn(EmbeddingColumn):
    """A feature column of lists of strings; see `sparse_text_embedding_column`."""

    combiner: str = "mean"
    default_value: str = ""

    @property
    def _parsing(self) -> Any:
        return tf.io.VarLenFeature(tf.string)

    def _inputs(self, feature: Any) -> dict[str, Any]:
        return {_text_input(self.module_spec): feature}

    def _vectors(self, module: Any, feature: Any) -> Any:
        if not isinstance(feature, tf.SparseTensor):
            raise InputError(
                f"Expected a SparseTensor of strings as feature {self.key!r}, got {type(feature).__name__}.",
                hint="Use hub.text_embedding_column for one string per example.",
            )
        filled, _ = tf.sparse.fill_empty_rows(feature, self.default_value)
        vectors = module(self._inputs(filled.values))
        rows = filled.indices[:, 0]
        if self.combiner != "sqrtn":
            return _SEGMENT_SUMS[self.combiner](vectors, rows)
        count = tf.math.segment_sum(tf.ones_like(rows, vectors.dtype), rows)
        return tf.math.segment_sum(vectors, rows) / tf.sqrt(count)[:, tf.newaxis]


@dataclasses.dataclass(frozen=True)
class TextEmbeddingColumnV2(EmbeddingColumn):
    """A feature column of strings that uses an object of `hub.load`; see `text_embedding_column_v2`."""

    output_key: str | None = None

    @property
    def module_path(self) -> str:
        """The handle of the module."""
        return str(self.module)

    @property
    def variable_shape(self) -> tf.TensorShape:
        """The shape of a vector, `[n]`; a TF2 SavedModel is called with one string to find it."""
        return self._shape

    @functools.cached_property
    def _shape(self) -> tf.TensorShape:
        if self._is_hub_format:
            return default_output(self.module_spec).get_shape()[1:]
        scope = tf.Graph().as_default() if column_module.in_graph_program() else tf.init_scope()
        with scope:
            module = column_module.EagerModule(self.module, False)
            return module({"text": tf.constant([""])}, self.output_key).shape[1:]

    @functools.cached_property
    def _is_hub_format(self) -> bool:
        return (Path(resolve(self.module)) / "tfhub_module.pb").exists()

    @property
    def _parsing(self) -> Any:
        return tf.io.FixedLenFeature([1], tf.string)

    def _make_module(self) -> Any:
        if self._is_hub_format and column_module.in_graph_program():
            return column_module.GraphModule(self.module_spec, self.trainable)
        return column_module.EagerModule(self.module, self.trainable)

    def _inputs(self, feature: Any) -> dict[str, Any]:
        name = _text_input(self.module_spec) if self._is_hub_format else "text"
        return {name: tf.reshape(feature, [-1])}

    def _vectors(self, module: Any, feature: Any) -> Any:
        return module(self._inputs(feature), self.output_key)
