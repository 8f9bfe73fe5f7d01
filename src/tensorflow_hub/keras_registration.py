"""Makes both Kerases know `hub.KerasLayer`, so that saved models with one load without `custom_objects`.

A program that loads a saved model has often done no more than `import tensorflow_hub`. Keras finds classes of
others in its register only, so a stand-in is entered there as soon as both are imported, in either order;
loading a layer then imports the layer. Nothing of Keras is imported before.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

NAME = "TensorFlowHub>KerasLayer"

# The modules that hold the registers: of Keras, and of the Keras 2 beside it.
_REGISTERS = ("keras.src.saving.object_registration", "tf_keras.src.saving.object_registration")


class KerasLayerOf2:
    """Stands for the layer of Keras 2 until one is loaded."""

    half = "keras2"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that the configuration describes."""
        layer = importlib.import_module(f"tensorflow_hub.keras_layer.{cls.half}").KerasLayer
        return layer.from_config(config)


class KerasLayerOf3(KerasLayerOf2):
    """Stands for the layer of Keras 3 until one is loaded."""

    half = "keras3"


def enter() -> None:
    """Enters the layer in the registers that exist, and in others once they are imported."""
    awaited = []
    for name in _REGISTERS:
        if name in sys.modules:
            _enter(sys.modules[name])
        else:
            awaited.append(name)
    if awaited and not any(isinstance(finder, _Awaiter) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Awaiter(awaited))


def _enter(register: ModuleType) -> None:
    for attribute, stand_in in (
        ("GLOBAL_CUSTOM_OBJECTS", KerasLayerOf3),
        ("_GLOBAL_CUSTOM_OBJECTS", KerasLayerOf2),
    ):
        known = getattr(register, attribute, None)
        if isinstance(known, dict):
            known.setdefault(NAME, stand_in)


class _Awaiter(importlib.abc.MetaPathFinder):
    """Finds the registers as the import system would, and enters the layer when they have been run."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = set(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._names:
            return None
        self._names.discard(fullname)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Then(spec.loader)
        return spec


class _Then(importlib.abc.Loader):
    """A loader that enters the layer after the module has been run."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _enter(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
