"""Members of a publisher: invited, given another role, removed, by its owners."""

from __future__ import annotations

import re

import sqlalchemy as sa

from tensorflow_hub.errors import ConflictError
from tensorflow_hub.server.catalogue import members
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.members import Invitation, Member
from tensorflow_hub.server.catalogue.reading import find_publisher
from tensorflow_hub.server.catalogue.records import Publisher, User
from tensorflow_hub.server.catalogue.tokens import ADMIN, create_token
from tensorflow_hub.server.catalogue.users import LOCAL, ROLES, add_user, has_name
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope, require

_INVITATION_DAYS = 7
# No @: a mail address is the name of somebody whose provider has verified it, and of nobody else.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,62}")


def owned_publisher(connection: sa.Connection, caller: Caller, name: str) -> Publisher:
    """The publisher of that name.

    Raises:
      ForbiddenError: the caller is no owner of it; whether it is there is not told.
      Missing: there is none.
    """
    require(caller, ADMIN, name)
    publisher = find_publisher(connection, name)
    if publisher is None:
        raise Missing(f"No publisher {name!r} is known to this hub.", hint="Check the spelling.")
    return publisher


def invite(
    connection: sa.Connection, caller: Caller, publisher: Publisher, role: str, note: str
) -> tuple[Invitation, str]:
    """Adds an invitation, good once and for a week; with its secret."""
    _check_role(role)
    made, secret = members.add_invitation(
        connection, publisher, role, note, created_by=caller.name, seconds=_INVITATION_DAYS * 86_400
    )
    _note(connection, caller, "invitation.create", publisher.name, role=role, note=note)
    return made, secret


def withdraw_invitation(
    connection: sa.Connection, caller: Caller, publisher: Publisher, invitation_id: int
) -> None:
    """Takes an invitation back.

    Raises:
      Missing: the publisher has none of that number.
    """
    found = (i for i in members.list_invitations(connection, publisher) if i.id == invitation_id)
    invitation = next(found, None)
    if invitation is None:
        raise Missing(f"There is no invitation {invitation_id}.", hint="It was accepted, or it expired.")
    members.remove_invitation(connection, invitation.id)
    _note(connection, caller, "invitation.withdraw", publisher.name, role=invitation.role)


def change_role(
    connection: sa.Connection, caller: Caller, publisher: Publisher, user_id: int, role: str
) -> Member:
    """Gives a member another role."""
    _check_role(role)
    member = _member(connection, publisher, user_id)
    if ROLES[role] != ADMIN:
        _keep_an_owner(connection, caller, publisher, member)
    members.set_role(connection, publisher.id, user_id, role, caller.name)
    _note(connection, caller, "member.role", publisher.name, member=member.name, role=role)
    return _member(connection, publisher, user_id)


def remove(connection: sa.Connection, caller: Caller, publisher: Publisher, user_id: int) -> None:
    """Removes a member: what the user may do as one ends at once, in browsers and with tokens."""
    member = _member(connection, publisher, user_id)
    _keep_an_owner(connection, caller, publisher, member)
    members.remove_member(connection, publisher, user_id)
    _note(connection, caller, "member.remove", publisher.name, member=member.name)


def find_invitation(connection: sa.Connection, secret: str) -> Invitation:
    """The invitation with that secret.

    Raises:
      Missing: it is unknown, was accepted, taken back, or expired.
    """
    found = members.find_invitation(connection, secret)
    if found is None:
        raise Missing(
            "This invitation is unknown, was used already, or expired.",
            hint="Ask who sent it for a new one.",
        )
    return found


def accept(connection: sa.Connection, user: User, address: str, invitation: Invitation) -> None:
    """Makes a user a member by an invitation, which is used up; a higher role that the user has stays."""
    _use_up(connection, invitation)
    publisher = find_publisher(connection, invitation.publisher)
    assert publisher is not None
    known = members.find_member(connection, publisher, user.id)
    order = list(ROLES)
    role = max(invitation.role, known.role if known else invitation.role, key=order.index)
    members.set_role(connection, publisher.id, user.id, role, invitation.created_by)
    add_entry(connection, user.name, address, "member.join", publisher.name, role=role)


def join(connection: sa.Connection, address: str, invitation: Invitation, name: str) -> str:
    """Adds a user of this hub, who becomes a member by an invitation.

    Returns:
      The secret of the token by which the user signs in.

    Raises:
      Malformed: no user can have this name.
      ConflictError: another one has it.
    """
    if not _NAME.fullmatch(name):
        raise Malformed(
            f"Expected a name of letters, digits and . _ - +, at most 63 of them, got {name!r}.",
            hint="For example 'alice'.",
        )
    if has_name(connection, name):
        raise ConflictError(
            f"There is a user {name!r} already.", hint="Choose another name, or sign in as that user first."
        )
    user = add_user(connection, LOCAL, name.lower(), name)
    accept(connection, user, address, invitation)
    _, secret = create_token(connection, "sign-in", ADMIN, None, created_by=name, user_id=user.id)
    return secret


def _use_up(connection: sa.Connection, invitation: Invitation) -> None:
    if not members.remove_invitation(connection, invitation.id):  # somebody was faster
        find_invitation(connection, "")


def _member(connection: sa.Connection, publisher: Publisher, user_id: int) -> Member:
    member = members.find_member(connection, publisher, user_id)
    if member is None:
        raise Missing(
            f"The publisher {publisher.name!r} has no member {user_id}.",
            hint=f"List them: `tfhub member list {publisher.name}`.",
        )
    return member


def _keep_an_owner(connection: sa.Connection, caller: Caller, publisher: Publisher, member: Member) -> None:
    """Raises when a publisher would lose its last owner; administrators may take the role of that one too."""
    if has_scope(caller, ADMIN, None):
        return
    members.lock_members(connection, publisher)
    owners = [m.user_id for m in members.list_members(connection, publisher) if ROLES[m.role] == ADMIN]
    if owners == [member.user_id]:
        raise ConflictError(
            f"{member.name} is the last owner of {publisher.name!r}.",
            hint="Make another member an owner first, or ask an administrator.",
        )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Malformed(f"Expected a role of {', '.join(ROLES)}, got {role!r}.", hint="For example 'reader'.")


def _note(connection: sa.Connection, caller: Caller, action: str, publisher: str, **detail: str) -> None:
    add_entry(connection, caller.name, caller.address, action, publisher, **detail)
