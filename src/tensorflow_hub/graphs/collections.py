"""Graph collections of TensorFlow 1: reading them, and the list of those that a module may have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import variable_pb2

from tensorflow_hub.errors import CollectionError
from tensorflow_hub.graphs import assets, attachments

_KEYS = tf.compat.v1.GraphKeys

# The collections of the module's state, which is added to a graph once, when a `hub.Module` is created.
OF_STATE = (
    _KEYS.GLOBAL_VARIABLES,
    _KEYS.TRAINABLE_VARIABLES,
    _KEYS.MODEL_VARIABLES,
    _KEYS.TABLE_INITIALIZERS,
    _KEYS.ASSET_FILEPATHS,
    _KEYS.REGULARIZATION_LOSSES,
)
# The collections that get new items each time the module is applied.
OF_APPLICATION = (_KEYS.UPDATE_OPS,)
CONTROL_FLOW = (_KEYS.COND_CONTEXT, _KEYS.WHILE_CONTEXT)

SUPPORTED = frozenset({*OF_STATE, *OF_APPLICATION, *CONTROL_FLOW, assets.COLLECTION, attachments.COLLECTION})

# Collections of SavedModels for serving, which modules do not need.
OF_SERVING = ("global_step", "legacy_init_op", "saved_model_main_op")


def node_names(meta_graph: Any, key: str) -> list[str]:
    """The names of tensors and ops in a collection of a MetaGraphDef."""
    if key not in meta_graph.collection_def:
        return []
    return list(meta_graph.collection_def[key].node_list.value)


def variable_defs(meta_graph: Any, key: str) -> list[Any]:
    """The `VariableDef`s in a collection of a MetaGraphDef, as new messages that may be changed."""
    if key not in meta_graph.collection_def:
        return []
    values = meta_graph.collection_def[key].bytes_list.value
    return [variable_pb2.VariableDef.FromString(value) for value in values]


def drop(meta_graph: Any, keys: Iterable[str]) -> None:
    """Removes collections from a MetaGraphDef. Names of collections that it does not have are ignored."""
    for key in keys:
        meta_graph.collection_def.pop(str(key), None)


def check(keys: Iterable[str]) -> None:
    """Checks that a module may have all of these collections.

    Args:
      keys: the names of the collections of a graph that are not empty.

    Raises:
      CollectionError: a module cannot have some of them; the message lists these.
    """
    refused = sorted(set(keys) - SUPPORTED)
    if refused:
        raise CollectionError(
            f"Expected only collections that a module can have, got {refused}.",
            hint=f"Pass drop_collections={refused!r} if users of the module do not need them.",
        )
