"""A path of tensorflow-hub 0.x for helpers: it can be imported, and has nothing in it."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(__name__)
