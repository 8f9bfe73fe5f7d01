"""The path under which programs import `Module` and what reads modules."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(__name__, "Module", "ModuleSpec", "eval_function_for_module", "load_module_spec")
