"""The path under which programs import what makes modules of TF1 Hub format."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(
    __name__, "add_signature", "attach_message", "create_module_spec", "create_module_spec_from_saved_model"
)
