"""The path under which programs import the version of this package."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(__name__, "__version__")
