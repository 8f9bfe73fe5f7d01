"""The collections of a graph: what is in them, which a module can carry, and which it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import variable_pb2

from tensorflow_hub.errors import CollectionError
from tensorflow_hub.graphs import assets, attachments

_KEYS = tf.compat.v1.GraphKeys

# Part of the module's state: added to the graph once, when it is instantiated.
OF_STATE = (
    _KEYS.GLOBAL_VARIABLES,
    _KEYS.TRAINABLE_VARIABLES,
    _KEYS.MODEL_VARIABLES,
    _KEYS.TABLE_INITIALIZERS,
    _KEYS.ASSET_FILEPATHS,
    _KEYS.REGULARIZATION_LOSSES,
)
# Added each time it is applied.
OF_APPLICATION = (_KEYS.UPDATE_OPS,)
CONTROL_FLOW = (_KEYS.COND_CONTEXT, _KEYS.WHILE_CONTEXT)

SUPPORTED = frozenset({*OF_STATE, *OF_APPLICATION, *CONTROL_FLOW, assets.COLLECTION, attachments.COLLECTION})

# A SavedModel made for serving has these, and a module has no use for them.
OF_SERVING = ("global_step", "legacy_init_op", "saved_model_main_op")


def node_names(meta_graph: Any, key: str) -> list[str]:
    """The names of tensors and ops in a collection of a MetaGraphDef."""
    if key not in meta_graph.collection_def:
        return []
    return list(meta_graph.collection_def[key].node_list.value)


def variable_defs(meta_graph: Any, key: str) -> list[Any]:
    """The `VariableDef`s in a collection of a MetaGraphDef, each a message of its own."""
    if key not in meta_graph.collection_def:
        return []
    values = meta_graph.collection_def[key].bytes_list.value
    return [variable_pb2.VariableDef.FromString(value) for value in values]


def drop(meta_graph: Any, keys: Iterable[str]) -> None:
    """Removes collections from a MetaGraphDef; those it has not are no error."""
    for key in keys:
        meta_graph.collection_def.pop(str(key), None)


def check(keys: Iterable[str]) -> None:
    """Refuses collections that a module cannot carry.

    Args:
      keys: the names of the collections of a graph that have something in them.

    Raises:
      CollectionError: naming them.
    """
    refused = sorted(set(keys) - SUPPORTED)
    if refused:
        raise CollectionError(
            f"Expected only collections that a module can carry, got {refused}.",
            hint=f"Pass drop_collections={refused!r} if readers of the module need none of it.",
        )
