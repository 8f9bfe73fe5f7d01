"""The path under which other libraries import `load` and `resolve`."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(__name__, "load", "resolve")
