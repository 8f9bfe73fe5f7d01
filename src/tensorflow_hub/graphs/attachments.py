"""Messages attached to a module: protobufs of any type, stored by key in each graph variant.

They are stored in the graph collection `hub_module_attachments` (a list of bytes). Each entry is a protobuf
message: field 1 is the key, field 2 the serialized value.
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
      FormatError: when it cannot be parsed as a `message_type`.
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
            "but it cannot be parsed as one.",
            hint="Pass the type the author attached.",
        ) from error
