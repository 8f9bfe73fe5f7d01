"""What an author attaches to the graph variant that is being built: messages, and the size of images."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError
from tensorflow_hub.format.image_info import IMAGE_MODULE_INFO_KEY, ImageModuleInfo

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


def attach_image_module_info(image_module_info: ImageModuleInfo) -> None:
    """Attaches the size of the images that the module being authored wants. Call it inside a `module_fn`.

    Needed where the input's static shape leaves height and width open, as that of networks
    that take any size does.

    Args:
      image_module_info: the message, with `default_image_size` set (pixels).

    Raises:
      ModuleError: when it is no protobuf message.

    Example::

        info = hub.ImageModuleInfo()
        info.default_image_size.height, info.default_image_size.width = 224, 224
        hub.attach_image_module_info(info)
    """
    attach_message(IMAGE_MODULE_INFO_KEY, image_module_info)


def drafted(graph: tf.Graph) -> dict[str, bytes]:
    """The messages attached to `graph` so far."""
    drafts = graph.get_collection_ref(_DRAFT)
    return dict(drafts[0]) if drafts else {}
