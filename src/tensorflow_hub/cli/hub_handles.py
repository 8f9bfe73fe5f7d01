"""Splitting handles of hubs, which may be URLs or names, into the hub and the name."""

from __future__ import annotations


def hub_of(handle: str) -> str | None:
    """The URL of the hub in a handle; None for a handle that is not a URL."""
    if "://" not in handle:
        return None
    scheme, _, rest = handle.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def without_hub(handle: str, hub: str | None) -> str:
    """The name `publisher/model/version` in a handle, without the URL of the hub."""
    prefix = (hub or hub_of(handle) or "").rstrip("/")
    return handle.removeprefix(prefix).partition("?")[0].strip("/")
