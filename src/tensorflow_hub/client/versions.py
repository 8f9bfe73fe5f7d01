"""Ask a hub about models and versions, and withdraw or restore versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.handles import ModelName


def show(handle: str, *, hub: str | None = None, token: str | None = None) -> Mapping[str, Any]:
    """What a hub knows of a model or a version.

    Args:
      handle: `"publisher/model"` or `"publisher/model/version"`.
      hub: URL of the hub; default `TFHUB_URL`.
      token: for a private publisher.

    Returns:
      The facts as the API gives them: of a model its versions, of a version its card, signatures and
      deployments.

    Raises:
      NotFoundError: nothing is there; says what may have been meant.
    """
    name = ModelName.parse(handle)
    return call(client_settings(hub, token), "GET", f"/api/v1/models/{name}", what=str(name))


def withdraw(
    handle: str, reason: str = "", *, hub: str | None = None, token: str | None = None
) -> Mapping[str, Any]:
    """Takes a version out of search and out of "the newest"; who pinned it still gets it."""
    return _change("withdrawals", handle, reason, hub, token)


def restore(
    handle: str, reason: str = "", *, hub: str | None = None, token: str | None = None
) -> Mapping[str, Any]:
    """Takes a withdrawal back."""
    return _change("restorations", handle, reason, hub, token)


def delete(
    handle: str, reason: str, *, hub: str | None = None, token: str | None = None
) -> Mapping[str, Any]:
    """Removes a version for good, leaving the reason at its URL; for administrators of the hub."""
    return _change("deletions", handle, reason, hub, token)


def put_card(
    handle: str, card: str, *, hub: str | None = None, token: str | None = None
) -> Mapping[str, Any]:
    """Corrects a version's card, or adds the placeholder or collection that a card describes."""
    name = ModelName.parse(handle)
    body = {"handle": str(name), "card": card}
    return call(client_settings(hub, token), "PUT", "/api/v1/cards", what=str(name), json=body)


def _change(action: str, handle: str, reason: str, hub: str | None, token: str | None) -> Mapping[str, Any]:
    name = ModelName.parse(handle)
    body = {"handle": str(name), "reason": reason}
    return call(client_settings(hub, token), "POST", f"/api/v1/{action}", what=str(name), json=body)
