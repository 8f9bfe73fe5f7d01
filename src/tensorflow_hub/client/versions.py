"""Ask a hub about models and versions, and withdraw or restore versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.handles import ModelName

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


def show(handle: str, *, hub: str | None = None, token: str | None = None) -> answers.Model | answers.Version:
    """What a hub knows of a model or a version.

    Args:
      handle: `"publisher/model"` or `"publisher/model/version"`.
      hub: URL of the hub; default `TFHUB_URL`.
      token: for a private publisher.

    Returns:
      What the API answers: of a model its versions, of a version its card, signatures and
      deployments.

    Raises:
      NotFoundError: nothing is there; says what may have been meant.
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
    """Hides a version from search and from handles without a version. Programs that name it still get it."""
    return _change("withdrawals", handle, reason, hub, token)


def restore(
    handle: str, reason: str = "", *, hub: str | None = None, token: str | None = None
) -> answers.StateOfVersion:
    """Takes a withdrawal back."""
    return _change("restorations", handle, reason, hub, token)


def delete(
    handle: str, reason: str, *, hub: str | None = None, token: str | None = None
) -> answers.StateOfVersion:
    """Removes a version for good, leaving the reason at its URL; for administrators of the hub."""
    return _change("deletions", handle, reason, hub, token)


def put_card(handle: str, card: str, *, hub: str | None = None, token: str | None = None) -> answers.Version:
    """Corrects a version's card, or adds the placeholder or collection that a card describes."""
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
