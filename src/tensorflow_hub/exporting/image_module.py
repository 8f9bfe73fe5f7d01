"""What a module says about the images it takes: attached by its author, asked by its users."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.exporting.attachments import attach_message
from tensorflow_hub.exporting.signatures import DEFAULT
from tensorflow_hub.format.image_info import IMAGE_MODULE_INFO_KEY, ImageModuleInfo

IMAGES = "images"


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


def get_expected_image_size(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> list[int]:
    """The `[height, width]` in pixels that images for a module should have.

    Args:
      module_or_spec: a `hub.Module` or `hub.ModuleSpec`.
      signature: the name of a signature; None is `"default"`.
      input_name: the name of its input; None is `"images"`.

    Returns:
      What the author attached, otherwise the static shape of the input.

    Raises:
      SignatureError: when neither says it, or there is no such signature or input.
    """
    info = module_or_spec.get_attached_message(IMAGE_MODULE_INFO_KEY, ImageModuleInfo)
    if info is not None and info.default_image_size.height and info.default_image_size.width:
        return [info.default_image_size.height, info.default_image_size.width]
    return _sizes(module_or_spec, signature, input_name, slice(1, 3), "height and width")


def get_num_image_channels(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> int:
    """The number of colour channels of images for a module, 3 for RGB.

    Args:
      module_or_spec: a `hub.Module` or `hub.ModuleSpec`.
      signature: the name of a signature; None is `"default"`.
      input_name: the name of its input; None is `"images"`.

    Raises:
      SignatureError: when the static shape leaves it open, or there is no such signature or input.
    """
    return _sizes(module_or_spec, signature, input_name, slice(3, 4), "channels")[0]


def _sizes(
    module_or_spec: Any, signature: str | None, input_name: str | None, which: slice, what: str
) -> list[int]:
    name = IMAGES if input_name is None else input_name
    inputs = module_or_spec.get_input_info_dict(signature)
    if name not in inputs:
        raise SignatureError(
            f"Expected an input {name!r} of signature {signature or DEFAULT!r}, got {sorted(inputs)}.",
            hint="Pass signature=… and input_name=… of the images.",
        )
    shape = inputs[name].get_shape()
    sizes = shape.as_list()[which] if shape.rank == 4 else [None]
    if None in sizes:
        raise SignatureError(
            f"Expected images [batch, height, width, channels] with known {what}, got the shape {shape}.",
            hint="The module takes any; its documentation may name a good size.",
        )
    return [int(size) for size in sizes if size is not None]
