"""Makes both Kerases know `hub.KerasLayer`, so that saved models with one load without `custom_objects`.

A program that loads a saved model has often done no more than `import tensorflow_hub`. Keras finds classes of
others in its register of custom objects only, so a stand-in is entered there as soon as Keras is
imported, before or after this library; loading a layer then imports the layer. Nothing of Keras is imported
before.

A Keras that is imported later is noticed by a finder in `sys.meta_path`. There is no other way: Keras asks no
entry points of installed packages, imports the module that a saved layer names for its own packages only,
and importing Keras here would take seconds. The finder answers None for every other module, in less than a
microsecond, and goes when both Kerases are there. `TFHUB_IMPORT_HOOK=0` keeps it out: import Keras first,
or use `hub.KerasLayer` once before.
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
    """Stands for the layer of Keras 2 until one is loaded."""

    version = "keras2"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that the configuration describes."""
        layer = importlib.import_module(f"tensorflow_hub.keras_layer.{cls.version}").KerasLayer
        return layer.from_config(config)


class KerasLayerOf3(KerasLayerOf2):
    """Stands for the layer of Keras 3 until one is loaded."""

    version = "keras3"


def enter() -> None:
    """Enters the layer in the Kerases that are imported, and in others once they are."""
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
    if "TFHUB_IMPORT_HOOK" not in os.environ:  # else the settings need not be imported
        return True
    from tensorflow_hub.settings import Settings

    return Settings.from_environment().import_hook


def _register(keras: ModuleType) -> None:
    """Enters a stand-in among the custom objects of a Keras, where there is none."""
    objects: dict[str, Any] = getattr(getattr(keras, "utils", None), "get_custom_objects", dict)()
    is_keras2 = str(getattr(keras, "__version__", "")).startswith("2.")
    objects.setdefault(NAME, KerasLayerOf2 if is_keras2 else KerasLayerOf3)


class _KerasFinder(importlib.abc.MetaPathFinder):
    """Finds the Kerases as the import system would, and enters the layer when they have been run."""

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
    """A loader that enters the layer after the module has been run."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
