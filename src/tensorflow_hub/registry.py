"""The path under which dependents import the resolver: `registry.resolver(handle)`."""

from __future__ import annotations

from typing import Any, Protocol

from tensorflow_hub.resolving.resolve import resolve

__all__ = ["resolver"]


class Implementation(Protocol):
    """What a program adds: a way to turn some handles into local directories."""

    def is_supported(self, handle: str) -> bool:
        """Whether it knows the handle."""

    def __call__(self, handle: str) -> str:
        """The local directory."""


class _Resolver:
    """Turns handles into directories: the implementations of programs first, the last added one foremost."""

    def __init__(self) -> None:
        self._added: list[Implementation] = []

    def add_implementation(self, implementation: Implementation) -> None:
        """Adds a way to resolve handles."""
        self._added.insert(0, implementation)

    def __call__(self, handle: Any) -> str:
        for implementation in self._added:
            if implementation.is_supported(handle):
                return implementation(handle)
        return resolve(handle)


resolver = _Resolver()
