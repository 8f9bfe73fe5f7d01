"""The path under which programs import the exporter for Estimators."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(__name__, "LatestModuleExporter", "register_module_for_export")
