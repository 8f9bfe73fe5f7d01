"""The members of a publisher of a hub: listing, inviting, changing and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tensorflow_hub.client.calls import call, client_settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


def list_members(publisher: str, *, hub: str | None = None, token: str | None = None) -> answers.Members:
    """The members of a publisher, and its open invitations. It needs a token of an owner."""
    path, what = f"{_path(publisher)}/members", f"the members of {publisher}"
    found: answers.Members = call(client_settings(hub, token), "GET", path, what=what)
    return found


def invite(
    publisher: str, role: str, note: str = "", *, hub: str | None = None, token: str | None = None
) -> answers.InvitationWithUrl:
    """Creates an invitation, which is valid once and for a week. Only this answer has its `url`.

    Args:
      publisher: the publisher that the person becomes a member of.
      role: `"reader"`, `"publisher"` or `"owner"`.
      note: a note for the list of invitations, such as the person's name.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token of an owner of the publisher.
    """
    made: answers.InvitationWithUrl = call(
        client_settings(hub, token),
        "POST",
        f"{_path(publisher)}/invitations",
        what="an invitation",
        json={"role": role, "note": note},
        idempotent=False,
    )
    return made


def change_role(
    publisher: str, user: int, role: str, *, hub: str | None = None, token: str | None = None
) -> answers.Member:
    """Changes the role of a member."""
    changed: answers.Member = call(
        client_settings(hub, token),
        "PATCH",
        f"{_path(publisher)}/members/{user}",
        what=f"member {user}",
        json={"role": role},
    )
    return changed


def remove_member(publisher: str, user: int, *, hub: str | None = None, token: str | None = None) -> None:
    """Removes a member. The permissions of the role end at once."""
    path = f"{_path(publisher)}/members/{user}"
    call(client_settings(hub, token), "DELETE", path, what=f"member {user}")


def _path(publisher: str) -> str:
    return f"/api/v1/publishers/{quote(publisher, safe='')}"
