"""Resolvers that programs of tensorflow-hub 0.x add: they are asked before the table of sources.

Such a resolver turns a handle of its own into a local directory, with everything that takes. A source only
says where the bytes are: new code writes a source.
"""

from __future__ import annotations

import os
from typing import Protocol


class AddedResolver(Protocol):
    """What a program adds: a way to turn some handles into local directories."""

    def is_supported(self, handle: str) -> bool:
        """Whether it knows the handle."""

    def __call__(self, handle: str) -> str:
        """The local directory."""


_added: list[AddedResolver] = []


def add_resolver(resolver: AddedResolver) -> None:
    """Adds a resolver; the one that was added last is asked first."""
    _added.insert(0, resolver)


def directory_of_added(handle: str | os.PathLike[str]) -> str | None:
    """The directory that an added resolver gives for a handle; None when none knows it."""
    text = os.fspath(handle) if isinstance(handle, (str, os.PathLike)) else handle
    for resolver in _added:
        if resolver.is_supported(text):
            return os.fspath(resolver(text))
    return None
