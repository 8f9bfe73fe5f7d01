"""Feature columns: base classes and configurations."""

from __future__ import annotations

from typing import Any

from tensorflow.python.feature_column import feature_column as _columns_of_v1
from tensorflow.python.feature_column import feature_column_v2 as _columns_of_v2
from tensorflow.python.feature_column import serialization


class DenseColumn(_columns_of_v1._DenseColumn, _columns_of_v2.DenseColumn):  # type: ignore[misc]
    """A column of dense values, for `tf.compat.v1.feature_column.input_layer` and Keras' DenseFeatures.

    Version 2 of feature columns calls public methods, version 1 the same methods with an underscore.

    Public: `tf.feature_column` has functions for certain columns, and no base class.
    Since: TensorFlow 2.15 or earlier.
    Without it: there are no feature columns of modules.
    """

    _is_v2_column = True

    @property
    def _variable_shape(self) -> Any:
        return self.variable_shape

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return dict(self.parse_example_spec)

    def _transform_feature(self, inputs: Any) -> Any:
        return inputs.get(self.key)

    def _get_dense_tensor(self, inputs: Any, weight_collections: Any = None, trainable: Any = None) -> Any:
        return self.dense_tensor_in_graph(inputs, trainable is not False)


def column_config(column: Any) -> dict[str, Any]:
    """The configuration of a feature column, a dict.

    Public: none; `tf.keras` had such a function up to TensorFlow 2.15.
    Since: TensorFlow 2.15 or earlier.
    Without it: a model cannot be saved if the key of its feature column is another column.
    """
    config: dict[str, Any] = serialization.serialize_feature_column(column)
    return config


def column_from_config(config: Any, custom_objects: Any, columns_by_name: Any) -> Any:
    """The feature column with a configuration.

    Public: as for `column_config`.
    Since: TensorFlow 2.15 or earlier.
    Without it: as for `column_config`.
    """
    return serialization.deserialize_feature_column(config, custom_objects, columns_by_name)


def add_weights_of_column(state_manager: Any, trained: list[Any], others: list[Any]) -> None:
    """Makes the variables of a feature column weights of the layer that has the column.

    Public: `StateManager.create_variable` makes new variables; those of a module exist already.
    Since: TensorFlow 2.15 or earlier.
    Without it: Keras does not train the module of a feature column.
    """
    layer = getattr(state_manager, "_layer", None)
    if layer is not None:
        layer._trainable_weights.extend(trained)
        layer._non_trainable_weights.extend(others)
