"""The size and number of channels of the images that a module takes."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.format.module.default_signature import DEFAULT
from tensorflow_hub.format.module.image_info import IMAGE_MODULE_INFO_KEY, ImageModuleInfo

IMAGES = "images"


def get_expected_image_size(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> list[int]:
    """The height and width that images for a module should have.

    Args:
      module_or_spec: a `hub.Module` or `hub.ModuleSpec`.
      signature: the name of a signature; None means `"default"`.
      input_name: the name of its input, images `[batch, height, width, channels]`; None means `"images"`.

    Returns:
      `[height, width]` in pixels: the size that the author attached with `hub.attach_image_module_info`, or
      else that of the input's static shape.

    Raises:
      SignatureError: neither of them gives a size, or there is no such signature or input.

    Example::

        spec = hub.load_module_spec("acme/images/1")
        height, width = hub.get_expected_image_size(spec)
        images = tf.image.resize(images, [height, width])
    """
    info = module_or_spec.get_attached_message(IMAGE_MODULE_INFO_KEY, ImageModuleInfo)
    if info is not None and info.default_image_size.height and info.default_image_size.width:
        return [info.default_image_size.height, info.default_image_size.width]
    return _sizes(module_or_spec, signature, input_name, slice(1, 3), "height and width")


def get_num_image_channels(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> int:
    """The number of colour channels that images for a module should have.

    Args:
      module_or_spec: a `hub.Module` or `hub.ModuleSpec`.
      signature: the name of a signature; None means `"default"`.
      input_name: the name of its input, images `[batch, height, width, channels]`; None means `"images"`.

    Returns:
      The number of channels in the input's static shape, for example 3 for RGB.

    Raises:
      SignatureError: the static shape does not give it, or there is no such signature or input.

    Example::

        hub.get_num_image_channels(hub.load_module_spec("acme/images/1"))  # 3
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
            hint="Pass signature=… and input_name=… of an input for images.",
        )
    shape = inputs[name].get_shape()
    sizes = shape.as_list()[which] if shape.rank == 4 else [None]
    if None in sizes:
        raise SignatureError(
            f"Expected images [batch, height, width, channels] with known {what}, got the shape {shape}.",
            hint="The module takes images of any size. Choose a size from its documentation.",
        )
    return [int(size) for size in sizes if size is not None]
