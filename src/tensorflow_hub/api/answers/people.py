"""Tokens, members of publishers, logins, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Role, Scope, Time


class Token(TypedDict):
    """What a token may do."""

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
    """A token that was just made."""

    secret: Annotated[str, Meta(description="Only in the answer that makes the token.")]


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
    """An invitation that was just made."""

    url: Annotated[str, Meta(description="The page to accept it on; only in the answer that makes it.")]


class Members(TypedDict):
    """The members of a publisher, and the invitations that are open."""

    members: Sequence[Member]
    invitations: Sequence[Invitation]


class DeviceLogin(TypedDict):
    """What a program needs in order to be signed in by a person (RFC 8628)."""

    device_code: Annotated[str, Meta(description="Its secret, to ask for the token with.")]
    user_code: Annotated[str, Meta(description="To be shown; the page shows it too.")]
    verification_uri: str
    verification_uri_complete: str
    expires_in: Annotated[int, Meta(description="Seconds.")]
    interval: Annotated[int, Meta(description="Seconds to wait between two questions.")]


class DeviceAnswer(TypedDict):
    """Whether a person has signed the program in."""

    state: Annotated[str, Meta(extra_json_schema={"enum": ["pending", "granted", "denied"]})]
    secret: Annotated[str | None, Meta(description="Of the token, where it was granted; only once.")]


class AuditEntries(TypedDict):
    """Lines of the audit log."""

    entries: Sequence[Mapping[str, Any]]
