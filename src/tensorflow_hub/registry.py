"""The path under which dependents import the resolver: `registry.resolver(handle)`."""

from __future__ import annotations

from tensorflow_hub.resolving.resolve import resolve as resolver

__all__ = ["resolver"]
