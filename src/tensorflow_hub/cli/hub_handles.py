"""Handles of hubs, which may be URLs or names: their check, and their parts, the hub and the name."""

from __future__ import annotations

import os

from tensorflow_hub.errors import HandleError
from tensorflow_hub.handles import UrlHandle, as_model_name, parse_handle


def require_name(handle: str) -> None:
    """Checks that a handle is a URL or a name. A hub is not asked for the path of a directory.

    Raises:
      HandleError: it is the path of a directory, or a URL that is written wrong.
    """
    parsed = parse_handle(handle)
    if isinstance(parsed, UrlHandle) or as_model_name(parsed.path) is not None:
        return
    from tensorflow_hub.resolving.resolve import hint_for_path

    is_here = os.path.exists(parsed.path)
    raise HandleError(
        "Expected the name of a module on a hub, publisher/model or publisher/model/version, or a URL, "
        f"got {handle!r:.200}.",
        hint="`tfhub check` tells what is in a directory." if is_here else hint_for_path(parsed.path),
    )


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
