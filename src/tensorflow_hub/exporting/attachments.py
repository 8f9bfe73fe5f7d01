"""`hub.attach_message`: attaches protobuf messages to the graph that a module_fn builds."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError
from tensorflow_hub.format.module.image_info import IMAGE_MODULE_INFO_KEY, ImageModuleInfo

# A graph collection with one dict: key → serialized message.
_COLLECTION = ("__tensorflow_hub_attachments",)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def attach_message(key: str, message: Any) -> None:
    """Attaches a protobuf message to the graph variant that is being built. Call it inside of a `module_fn`.

    A second message with the same key replaces the first.

    Args:
      key: letters, digits, `_`, `.` and `-`; the first character is a letter or `_`. Choose a key that nobody
        else uses. `image_module_info` is the key of `hub.attach_image_module_info`.
      message: a protobuf message of any type. Readers pass the same type to `get_attached_message`.

    Raises:
      ModuleError: the key is not of this form, or the message is not a protobuf message.

    Example::

        def module_fn():
            x = tf.compat.v1.placeholder(tf.float32, [None])
            hub.add_signature(inputs=x, outputs=2.0 * x)
            hub.attach_message("labels", tf.train.BytesList(value=[b"cat", b"dog"]))
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ModuleError(
            f"Expected a key of letters, digits, '_', '.' and '-' in hub.attach_message(), got {key!r}.",
            hint="Write for example hub.attach_message('my_labels', message).",
        )
    if not hasattr(message, "SerializeToString"):
        raise ModuleError(
            f"Expected a protobuf message in hub.attach_message(), got {type(message).__name__}.",
            hint="Wrap plain values, for example in tf.train.BytesList(value=[...]).",
        )
    attached = tf.compat.v1.get_collection_ref(_COLLECTION)
    if not attached:
        attached.append({})
    attached[0][key] = message.SerializeToString()


def attach_image_module_info(image_module_info: ImageModuleInfo) -> None:
    """Attaches the size that images for the module should have. Call it inside of a `module_fn`.

    It is needed if the static shape of the input does not give height and width, because the network takes
    images of any size.

    Args:
      image_module_info: a `hub.ImageModuleInfo`: `default_image_size` has `height` and `width` in pixels.

    Raises:
      ModuleError: it is not a protobuf message.

    Example::

        info = hub.ImageModuleInfo()
        info.default_image_size.height, info.default_image_size.width = 224, 224
        hub.attach_image_module_info(info)
    """
    attach_message(IMAGE_MODULE_INFO_KEY, image_module_info)


def attached_messages(graph: tf.Graph) -> dict[str, bytes]:
    """The messages that were attached to a graph, serialized, by key."""
    attached = graph.get_collection_ref(_COLLECTION)
    return dict(attached[0]) if attached else {}
