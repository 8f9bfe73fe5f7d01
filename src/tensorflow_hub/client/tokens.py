"""Make, list and revoke the tokens of a hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.client.calls import call, client_settings


def create_token(
    name: str,
    scope: str,
    publisher: str | None = None,
    days: int | None = None,
    *,
    hub: str | None = None,
    token: str | None = None,
) -> Mapping[str, Any]:
    """Makes a token; its `secret` is in the answer and cannot be asked for again.

    Args:
      name: what it is for, for example `"ci"`.
      scope: `"read"`, `"publish"` or `"admin"`.
      publisher: the one it is good for; None for all, which takes an administrator of the hub.
      days: after which it expires; None for never.
      hub: URL of the hub; default `TFHUB_URL`.
      token: the right to do so: of scope admin.
    """
    body: dict[str, Any] = {"name": name, "scope": scope}
    if publisher is not None:
        body["publisher"] = publisher
    if days is not None:
        body["days"] = days
    settings = client_settings(hub, token)
    return call(settings, "POST", "/api/v1/tokens", what="a token", json=body, idempotent=False)


def list_tokens(
    publisher: str | None = None, *, hub: str | None = None, token: str | None = None
) -> Sequence[Mapping[str, Any]]:
    """The tokens of a publisher, or all of a hub, without their secrets."""
    params = {"publisher": publisher} if publisher else {}
    answer = call(client_settings(hub, token), "GET", "/api/v1/tokens", what="the tokens", params=params)
    found: Sequence[Mapping[str, Any]] = answer["tokens"]
    return found


def revoke_token(number: int, *, hub: str | None = None, token: str | None = None) -> None:
    """Makes a token useless from now on."""
    call(client_settings(hub, token), "DELETE", f"/api/v1/tokens/{number}", what=f"token {number}")


def own_token(*, hub: str | None = None, token: str | None = None) -> Mapping[str, Any]:
    """What the token in use may do."""
    return call(client_settings(hub, token), "GET", "/api/v1/tokens/self", what="the token")
