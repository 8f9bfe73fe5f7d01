"""Handles of hubs, which verbs take as a URL or as a name: the hub, and the name there."""

from __future__ import annotations


def hub_of(handle: str) -> str | None:
    """The hub of a handle that is a URL."""
    if "://" not in handle:
        return None
    scheme, _, rest = handle.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def without_hub(handle: str, hub: str | None) -> str:
    """The name of a model or version, without the URL of its hub."""
    prefix = (hub or hub_of(handle) or "").rstrip("/")
    return handle.removeprefix(prefix).partition("?")[0].strip("/")
