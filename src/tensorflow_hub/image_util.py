"""The path under which programs import what modules say about images."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(
    __name__,
    "ImageModuleInfo",
    "attach_image_module_info",
    "get_expected_image_size",
    "get_num_image_channels",
)
