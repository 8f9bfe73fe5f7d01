"""Models and versions of a hub: showing, withdrawing, restoring and deleting them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.handles import ModelName

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


def show(handle: str, *, hub: str | None = None, token: str | None = None) -> answers.Model | answers.Version:
    """The hub's description of a model or a version.

    Args:
      handle: `"publisher/model"` or `"publisher/model/version"`.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token, for a private publisher.

    Returns:
      The answer of the API: for a model its versions, for a version its card, signatures and deployments.

    Raises:
      NotFoundError: there is no such model or version; the hint has similar names.
    """
    name = ModelName.parse(handle)
    found: answers.Model | answers.Version = call(
        client_settings(hub, token), "GET", f"/api/v1/models/{name}", what=str(name)
    )
    return found


def show_bill_of_materials(
    handle: str, *, hub: str | None = None, token: str | None = None
) -> Mapping[str, Any]:
    """What a version is made of and needs, as a document of the standard CycloneDX 1.6.

    Args:
      handle: `"publisher/model/version"`; without a version, the newest one.
      hub: URL of the hub; default `TFHUB_URL`.
      token: for a private publisher.

    Returns:
      The document: the model with its licence and origin, its files with their digests, and the packages that
      run it.

    Raises:
      NotFoundError: nothing is there, or the hub does not have its files.
    """
    name = ModelName.parse(handle)
    settings = client_settings(hub, token)
    if name.version is None:
        name = dataclasses.replace(name, version=show(handle, hub=hub, token=token)["latest"])
    document: Mapping[str, Any] = call(
        settings,
        "GET",
        f"/{name}",
        what=str(name),
        params={"sbom": "cyclonedx"},
        headers={"Accept": "application/json"},
    )
    return document


def withdraw(
    handle: str, reason: str = "", *, hub: str | None = None, token: str | None = None
) -> answers.StateOfVersion:
    """Withdraws a version: search and handles without a version do not find it, handles with a version do."""
    return _change("withdrawals", handle, reason, hub, token)


def restore(
    handle: str, reason: str = "", *, hub: str | None = None, token: str | None = None
) -> answers.StateOfVersion:
    """Restores a withdrawn version."""
    return _change("restorations", handle, reason, hub, token)


def delete(
    handle: str, reason: str, *, hub: str | None = None, token: str | None = None
) -> answers.StateOfVersion:
    """Deletes a version permanently. Its URL then shows the reason. Only administrators may do this."""
    return _change("deletions", handle, reason, hub, token)


def put_card(handle: str, card: str, *, hub: str | None = None, token: str | None = None) -> answers.Version:
    """Replaces the card of a version, or adds a placeholder or collection with a card."""
    name = ModelName.parse(handle)
    body = {"handle": str(name), "card": card}
    changed: answers.Version = call(
        client_settings(hub, token), "PUT", "/api/v1/cards", what=str(name), json=body
    )
    return changed


def _change(
    action: str, handle: str, reason: str, hub: str | None, token: str | None
) -> answers.StateOfVersion:
    name = ModelName.parse(handle)
    body = {"handle": str(name), "reason": reason}
    changed: answers.StateOfVersion = call(
        client_settings(hub, token), "POST", f"/api/v1/{action}", what=str(name), json=body
    )
    return changed
