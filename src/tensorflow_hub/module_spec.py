"""The path under which programs import `ModuleSpec`."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(__name__, "ModuleSpec")
