"""The attached message `image_module_info`: the size of the images that a module takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorflow_hub.format.module.messages import message_class

IMAGE_MODULE_INFO_KEY = "image_module_info"

if TYPE_CHECKING:
    from google.protobuf.message import Message

    class ImageModuleInfo(Message):
        """The size of the images that a module takes, in pixels: `default_image_size.height` and `.width`."""

        default_image_size: Any
else:
    ImageModuleInfo = message_class("ImageModuleInfo")
    ImageModuleInfo.__doc__ = """The size of the images that a module takes, a protocol buffer message.

    `default_image_size.height` and `.width` are in pixels. Attach it with
    `hub.attach_image_module_info`; `hub.get_expected_image_size` reads it.

    >>> info = ImageModuleInfo()
    >>> info.default_image_size.height, info.default_image_size.width = 224, 224
    >>> ImageModuleInfo.FromString(info.SerializeToString()) == info
    True
    """
