"""Registering `hub.KerasLayer` with Keras 3 and Keras 2, so that saved models load without `custom_objects`.

Keras finds classes of other packages only in its registry of custom objects, and a program that loads a saved
model often only imports `tensorflow_hub`. So a placeholder class is registered as soon as Keras is imported,
before or after this library. The placeholder imports the layer when a saved layer is loaded. Keras itself is
not imported.

If Keras is imported later, a finder in `sys.meta_path` notices it. There is no other way: Keras does not use
entry points of installed packages, it imports the module that a saved layer names only for its own packages,
and importing Keras here would take seconds. The finder costs one Python call for every other module, and
is removed when both packages of Keras are imported. With `TFHUB_IMPORT_HOOK=0` it is not installed; then
import Keras first, or use `hub.KerasLayer` before loading a model.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

NAME = "TensorFlowHub>KerasLayer"

_KERAS_PACKAGES = ("keras", "tf_keras")


class KerasLayerOf2:
    """The placeholder for the layer for Keras 2."""

    version = "keras2"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer from its configuration."""
        layer = importlib.import_module(f"tensorflow_hub.keras_layer.{cls.version}").KerasLayer
        return layer.from_config(config)


class KerasLayerOf3(KerasLayerOf2):
    """The placeholder for the layer for Keras 3."""

    version = "keras3"


def enter() -> None:
    """Registers the layer with the imported packages of Keras, and with the others after their import."""
    awaited = []
    for name in _KERAS_PACKAGES:
        if name in sys.modules:
            _register(sys.modules[name])
        else:
            awaited.append(name)
    if (
        awaited
        and _may_use_finder()
        and not any(isinstance(finder, _KerasFinder) for finder in sys.meta_path)
    ):
        sys.meta_path.insert(0, _KerasFinder(awaited))


def _may_use_finder() -> bool:
    if "TFHUB_IMPORT_HOOK" not in os.environ:  # otherwise the settings need not be imported
        return True
    from tensorflow_hub.settings import Settings

    return Settings.from_environment().import_hook


def _register(keras: ModuleType) -> None:
    """Registers a placeholder as a custom object of a package of Keras, if there is none."""
    objects: dict[str, Any] = getattr(getattr(keras, "utils", None), "get_custom_objects", dict)()
    is_keras2 = str(getattr(keras, "__version__", "")).startswith("2.")
    objects.setdefault(NAME, KerasLayerOf2 if is_keras2 else KerasLayerOf3)


class _KerasFinder(importlib.abc.MetaPathFinder):
    """Finds the packages of Keras as usual, and registers the layer after they are imported."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = set(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._names:
            return None
        self._names.discard(fullname)
        if not self._names and self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _RegisteringLoader(spec.loader)
        return spec


class _RegisteringLoader(importlib.abc.Loader):
    """A loader that registers the layer after it has loaded the module."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
