"""Resolvers that programs for tensorflow-hub 0.x add. They are asked before the table of sources.

Such a resolver does everything itself: it returns a local directory for a handle. A source only says where
the bytes are. New programs should add a source.
"""

from __future__ import annotations

import os
from typing import Protocol


class AddedResolver(Protocol):
    """A resolver of a program: a function from handles of some form to local directories."""

    def is_supported(self, handle: str) -> bool:
        """Whether the resolver takes the handle."""

    def __call__(self, handle: str) -> str:
        """The local directory."""


_added: list[AddedResolver] = []


def add_resolver(resolver: AddedResolver) -> None:
    """Adds a resolver. The resolver that was added last is asked first."""
    _added.insert(0, resolver)


def directory_of_added(handle: str | os.PathLike[str]) -> str | None:
    """The directory of a handle by an added resolver; None if no added resolver takes the handle."""
    text = os.fspath(handle) if isinstance(handle, (str, os.PathLike)) else handle
    for resolver in _added:
        if resolver.is_supported(text):
            return os.fspath(resolver(text))
    return None
