"""The path under which other packages import the resolver: `registry.resolver(handle)`."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.resolving.resolve import resolve
from tensorflow_hub.resolving.sources.added_resolvers import AddedResolver, add_resolver

__all__ = ["resolver"]


class _Resolver:
    """`hub.resolve` as an object to which resolvers can be added."""

    def add_implementation(self, implementation: AddedResolver) -> None:
        """Adds a resolver, which `hub.resolve`, `hub.load` and the others ask first."""
        add_resolver(implementation)

    def __call__(self, handle: Any) -> str:
        return resolve(handle)


resolver = _Resolver()
