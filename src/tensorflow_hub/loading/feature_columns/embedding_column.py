"""The base class of feature columns that compute vectors with a module.

It has both APIs of TensorFlow's feature columns. In version 1 (`tf.compat.v1.feature_column.input_layer`,
`linear_model`, canned Estimators of TF1) a column returns a tensor and has no state. In version 2
(DenseFeatures, Estimators of TF2) a column stores its state in the layer, where all calls share it.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import os
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError, SignatureError
from tensorflow_hub.format.module.default_signature import DEFAULT
from tensorflow_hub.graphs.module_spec import ModuleSpec
from tensorflow_hub.internals.columns import DenseColumn, column_config, column_from_config
from tensorflow_hub.loading.feature_columns import column_module
from tensorflow_hub.loading.tf1 import module_reader


@dataclasses.dataclass(frozen=True)
class EmbeddingColumn(DenseColumn):
    """A column of vectors computed by a module from one feature.

    Attributes:
      key: the name of the feature, or a feature column that returns it.
      module: a `hub.ModuleSpec` or a handle.
      trainable: whether the module's variables are trained.
    """

    key: Any
    module: Any
    trainable: bool = False

    @functools.cached_property
    def module_spec(self) -> ModuleSpec:
        """The module's spec, read from its handle when it is first used."""
        is_spec = isinstance(self.module, ModuleSpec)
        return self.module if is_spec else module_reader.load_module_spec(self.module)

    # --- what subclasses define ---

    @abc.abstractmethod
    def _inputs(self, feature: Any) -> dict[str, Any]:
        """The module's inputs for a transformed feature."""

    @property
    @abc.abstractmethod
    def _parsing(self) -> Any:
        """The configuration for `tf.io.parse_example` to parse the feature, such as a `FixedLenFeature`."""

    def _vectors(self, module: Any, feature: Any) -> Any:
        """The values of the column."""
        return module(self._inputs(feature))

    def _make_module(self) -> Any:
        if column_module.in_graph_program():
            return column_module.GraphModule(self.module_spec, self.trainable)
        return column_module.EagerModule(column_module.handle_of(self.module), self.trainable)

    # --- both versions ---

    @property
    def name(self) -> str:
        """The name of the column, and of the scope of its variables."""
        key = self.key if isinstance(self.key, str) else self.key.name
        return f"{key}_hub_module_embedding"

    @property
    def variable_shape(self) -> tf.TensorShape:
        """The shape of the values without the batch dimension, `[n]`."""
        return default_output(self.module_spec).get_shape()[1:]

    # --- version 2 ---

    @property
    def parents(self) -> list[Any]:
        """The names of features and the columns that this column uses."""
        return [self.key]

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """Feature name → configuration for `tf.io.parse_example`."""
        if isinstance(self.key, str):
            return {self.key: self._parsing}
        return dict(self.key.parse_example_spec)

    def create_state(self, state_manager: Any) -> None:
        """Creates the module, once per layer."""
        column_module.module_of(self, self._make_module, state_manager)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The feature, unchanged."""
        return transformation_cache.get(self.key, state_manager)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The values, float32 `[batch, n]`."""
        feature = transformation_cache.get(self, state_manager)
        return self._vectors(column_module.module_of(self, self._make_module, state_manager), feature)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the column, for saving the layer that has it.

        Raises:
          ModuleError: the module was given as a `hub.ModuleSpec`, which cannot be saved.
        """
        if isinstance(self.module, ModuleSpec):
            raise ModuleError(
                f"Expected a handle as the module of column {self.name!r} for its config, "
                "got a hub.ModuleSpec.",
                hint="Create the column with a path or URL.",
            )
        config = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if isinstance(self.key, str):
            return config
        return config | {"key": column_config(self.key)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None, columns_by_name: Any = None
    ) -> Any:
        """Makes the column from `get_config()`."""
        key = config["key"]
        if not isinstance(key, str):
            key = column_from_config(key, custom_objects, columns_by_name)
        return cls(**{**config, "key": key})

    # --- version 1 ---

    def dense_tensor_in_graph(self, inputs: Any, trainable: bool) -> Any:
        """The values, float32 `[batch, n]`, computed by a `hub.Module`."""
        module = column_module.GraphModule(self.module_spec, self.trainable and trainable)
        return self._vectors(module, inputs.get(self.key))


def as_handle(module: ModuleSpec | str | os.PathLike[str]) -> ModuleSpec | str:
    """The argument `module_spec` of a column: a spec, or a handle as a string."""
    return module if isinstance(module, ModuleSpec) else os.fspath(module)


def default_output(spec: ModuleSpec) -> Any:
    """The output `"default"` of the default signature.

    Raises:
      SignatureError: there is no such output, or it is not float32 `[batch, n]` with a known n.
    """
    if DEFAULT not in spec.get_signature_names():
        raise SignatureError(
            f"Expected an embedding module with the signature {DEFAULT!r}, got {spec.get_signature_names()}.",
            hint="Use a module that has it, or hub.Module(…)(…, signature=…) in place of a feature column.",
        )
    output = spec.get_output_info_dict().get(DEFAULT)
    if output is None or output.kind != "dense" or output.dtype != tf.float32 or output.get_shape().rank != 2:
        raise SignatureError(
            f"Expected an embedding module with the output 'default' as float32 [None, n], got {output}.",
            hint="Use a module whose default signature gives one vector per example.",
        )
    if output.get_shape()[1] is None:
        raise SignatureError(
            f"Expected an embedding module with a known number of dimensions, got {output}.",
            hint="Use another module, or set the shape with tensor.set_shape() in its module_fn.",
        )
    return output
