"""Messages that an author attached to a module: protobufs of any type, stored by key in each graph variant.

They are in the graph collection `hub_module_attachments` (a list of bytes). Each entry is a protobuf message:
field 1 is the key, field 2 the serialized value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.errors import FormatError, MissingMessageError
from tensorflow_hub.format.module.messages import message_class, parse

COLLECTION = "hub_module_attachments"


def write(attached: Mapping[str, bytes], meta_graph: Any) -> None:
    """Stores messages in the collections of a MetaGraphDef."""
    for key in sorted(attached):
        entry = message_class("ModuleAttachment")(key=key, value=attached[key])
        meta_graph.collection_def[COLLECTION].bytes_list.value.append(entry.SerializeToString())


def read(meta_graph: Any) -> dict[str, bytes]:
    """The serialized messages in a MetaGraphDef by key.

    Raises:
      FormatError: an entry of the collection cannot be parsed.
    """
    if COLLECTION not in meta_graph.collection_def:
        return {}
    entries = [
        parse("ModuleAttachment", data, f"the collection {COLLECTION!r}")
        for data in meta_graph.collection_def[COLLECTION].bytes_list.value
    ]
    return {entry.key: entry.value for entry in entries}


def get(meta_graph: Any, key: str, message_type: Any, required: bool, tags: list[str]) -> Any:
    """The message that was attached under a key; None if there is none.

    Args:
      meta_graph: the graph variant.
      key: the key.
      message_type: the class of the message.
      required: whether a missing message is an error.
      tags: the tags of the graph variant, for messages.

    Raises:
      MissingMessageError: the message is required and missing.
      FormatError: the message cannot be parsed as a `message_type`.
    """
    attached = read(meta_graph)
    if key not in attached:
        if not required:
            return None
        raise MissingMessageError(
            f"Expected a message attached under {key!r} to the graph variant {tags}, "
            f"which has {sorted(attached)}.",
            hint="Pass one of these keys. The author attaches a message with hub.attach_message() in the "
            "module_fn.",
        )
    try:
        return message_type.FromString(attached[key])
    except Exception as error:
        raise FormatError(
            f"Expected the message attached under {key!r} as a {message_type.__name__}, "
            "but it cannot be parsed as one.",
            hint="Pass the type of the message that the author attached.",
        ) from error
