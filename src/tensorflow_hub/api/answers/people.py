"""Tokens, members of publishers, logins, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Role, Scope, Time


class Token(TypedDict):
    """A token and its rights."""

    id: int
    name: str
    scope: Scope
    publisher: str | None
    created_at: Time
    created_by: str
    expires_at: Time | None
    revoked_at: Time | None
    used_at: Annotated[Time | None, Meta(description="When it was last used, to the minute.")]


class TokenWithSecret(Token):
    """A new token."""

    secret: Annotated[str, Meta(description="Only in the answer that creates the token.")]


class Tokens(TypedDict):
    """Tokens without their secrets."""

    tokens: Sequence[Token]


class Member(TypedDict):
    """A user with a role in a publisher."""

    user: int
    name: str
    role: Role
    added_at: Time
    added_by: str


class Invitation(TypedDict):
    """An invitation to become a member."""

    id: int
    role: Role
    note: str
    created_at: Time
    created_by: str
    expires_at: Time


class InvitationWithUrl(Invitation):
    """A new invitation."""

    url: Annotated[str, Meta(description="The page to accept it; only in the answer that creates it.")]


class Members(TypedDict):
    """The members of a publisher, and the open invitations."""

    members: Sequence[Member]
    invitations: Sequence[Invitation]


class DeviceLogin(TypedDict):
    """The codes with which a person can sign a program in (RFC 8628)."""

    device_code: Annotated[str, Meta(description="The program's secret, to poll for the token.")]
    user_code: Annotated[
        str, Meta(description="The code to show to the user, who compares it with the page.")
    ]
    verification_uri: str
    verification_uri_complete: str
    expires_in: Annotated[int, Meta(description="Seconds.")]
    interval: Annotated[int, Meta(description="Seconds to wait between two requests.")]


class DeviceAnswer(TypedDict):
    """The state of a program's sign-in."""

    state: Annotated[str, Meta(extra_json_schema={"enum": ["pending", "granted", "denied"]})]
    secret: Annotated[str | None, Meta(description="The secret of the token, once, if it was granted.")]


class AuditEntries(TypedDict):
    """Entries of the audit log."""

    entries: Sequence[Mapping[str, Any]]
