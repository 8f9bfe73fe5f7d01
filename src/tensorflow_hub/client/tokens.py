"""Creating, listing and revoking the tokens of a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


def create_token(
    name: str,
    scope: str,
    publisher: str | None,
    days: int | None = None,
    *,
    hub: str | None = None,
    token: str | None = None,
) -> answers.TokenWithSecret:
    """Creates a token. Only this answer has its `secret`.

    Args:
      name: the purpose of the token, for example `"ci"`.
      scope: `"read"`, `"publish"` or `"admin"`.
      publisher: the publisher that it is valid for; None for all, which needs an administrator of the hub.
      days: the number of days after which it expires; None for never.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token of scope admin.
    """
    body: dict[str, Any] = {"name": name, "scope": scope, "publisher": publisher}
    if days is not None:
        body["days"] = days
    settings = client_settings(hub, token)
    made: answers.TokenWithSecret = call(
        settings, "POST", "/api/v1/tokens", what="a token", json=body, idempotent=False
    )
    return made


def list_tokens(
    publisher: str | None = None, *, hub: str | None = None, token: str | None = None
) -> Sequence[answers.Token]:
    """The tokens of a publisher, or of the whole hub, without their secrets."""
    params = {"publisher": publisher} if publisher else {}
    answer: answers.Tokens = call(
        client_settings(hub, token), "GET", "/api/v1/tokens", what="the tokens", params=params
    )
    return answer["tokens"]


def revoke_token(number: int, *, hub: str | None = None, token: str | None = None) -> None:
    """Revokes a token."""
    call(client_settings(hub, token), "DELETE", f"/api/v1/tokens/{number}", what=f"token {number}")


def own_token(*, hub: str | None = None, token: str | None = None) -> answers.Token:
    """The scope, publisher and expiry of the token in use."""
    own: answers.Token = call(client_settings(hub, token), "GET", "/api/v1/tokens/self", what="the token")
    return own
