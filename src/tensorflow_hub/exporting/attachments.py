"""Messages an author attaches to a module: protobufs of any type under a key, one set per graph variant.

They lie in the bytes-list collection `hub_module_attachments`, each as a message with field 1 the key
and field 2 the serialized value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import FormatError, MissingMessageError, ModuleError
from tensorflow_hub.format.messages import message_class, parse

COLLECTION = "hub_module_attachments"
# What the graph holds while a module_fn runs: {key: serialized message}.
_DRAFT = ("__tensorflow_hub_attachments",)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def attach_message(key: str, message: Any) -> None:
    """Attaches a protobuf message to the graph variant that is being authored.

    Call it inside a `module_fn`. Attaching another message under the same key replaces the first.

    Args:
      key: letters, digits, `_`, `.` and `-`, not starting with a digit. Choose one that says whose
        it is; `image_module_info` is taken.
      message: a protobuf message of any type; readers pass the same type to `get_attached_message`.

    Raises:
      ModuleError: when the key is malformed or the message is no protobuf message.

    Example::

        def module_fn():
            x = tf.compat.v1.placeholder(tf.float32, [None])
            hub.add_signature(inputs=x, outputs=2.0 * x)
            hub.attach_message("labels", tf.train.BytesList(value=[b"cat", b"dog"]))
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ModuleError(
            f"Expected a key of letters, digits, '_', '.' and '-' in hub.attach_message(), got {key!r}.",
            hint="For example: hub.attach_message('my_labels', message).",
        )
    if not hasattr(message, "SerializeToString"):
        raise ModuleError(
            f"Expected a protobuf message in hub.attach_message(), got {type(message).__name__}.",
            hint="Wrap plain values, for example in tf.train.BytesList(value=[...]).",
        )
    drafts = tf.compat.v1.get_collection_ref(_DRAFT)
    if not drafts:
        drafts.append({})
    drafts[0][key] = message.SerializeToString()


def drafted(graph: tf.Graph) -> dict[str, bytes]:
    """The messages attached to `graph` so far."""
    drafts = graph.get_collection_ref(_DRAFT)
    return dict(drafts[0]) if drafts else {}


def write(attached: Mapping[str, bytes], meta_graph: Any) -> None:
    """Stores messages in the collections of a MetaGraphDef."""
    for key in sorted(attached):
        entry = message_class("ModuleAttachment")(key=key, value=attached[key])
        meta_graph.collection_def[COLLECTION].bytes_list.value.append(entry.SerializeToString())


def read(meta_graph: Any) -> dict[str, bytes]:
    """The messages stored in a MetaGraphDef.

    Raises:
      FormatError: when the collection does not hold attachments.
    """
    if COLLECTION not in meta_graph.collection_def:
        return {}
    entries = [
        parse("ModuleAttachment", data, f"the collection {COLLECTION!r}")
        for data in meta_graph.collection_def[COLLECTION].bytes_list.value
    ]
    return {entry.key: entry.value for entry in entries}


def get(meta_graph: Any, key: str, message_type: Any, required: bool, tags: list[str]) -> Any:
    """The message under `key` as a `message_type`, or None where there is none.

    Raises:
      MissingMessageError: when it is required and not there.
      FormatError: when it is no `message_type`.
    """
    attached = read(meta_graph)
    if key not in attached:
        if not required:
            return None
        raise MissingMessageError(
            f"Expected a message attached under {key!r} to the graph variant {tags}, "
            f"which has {sorted(attached)}.",
            hint="The author attaches it with hub.attach_message() in the module_fn.",
        )
    try:
        return message_type.FromString(attached[key])
    except Exception as error:
        raise FormatError(
            f"Expected the message attached under {key!r} to be a {message_type.__name__}, "
            "it does not parse as one.",
            hint="Pass the type the author attached.",
        ) from error
