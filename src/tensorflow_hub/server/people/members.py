"""Managing the members of a publisher: owners invite them, change their roles and remove them."""

from __future__ import annotations

import re

import sqlalchemy as sa

from tensorflow_hub.api.names import ROLES
from tensorflow_hub.errors import ConflictError
from tensorflow_hub.server.catalogue import members
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.members import Invitation, Member
from tensorflow_hub.server.catalogue.reading import find_publisher
from tensorflow_hub.server.catalogue.records import Publisher, User
from tensorflow_hub.server.catalogue.tokens import ADMIN, create_token
from tensorflow_hub.server.catalogue.users import LOCAL, add_user, has_name
from tensorflow_hub.server.catalogue.writing import lock_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope, require

_INVITATION_DAYS = 7
# Without @: only users whose identity provider has verified a mail address have it as their name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,62}")


def owned_publisher(connection: sa.Connection, caller: Caller, name: str) -> Publisher:
    """Returns a publisher that the caller owns.

    Raises:
      ForbiddenError: the caller is not an owner; also if there is no such publisher, so that nobody learns
        the names of private publishers.
      Missing: the caller is an administrator, and there is no such publisher.
    """
    require(caller, ADMIN, name)
    publisher = find_publisher(connection, name)
    if publisher is None:
        raise Missing(f"This hub has no publisher {name!r}.", hint="Check the spelling.")
    return publisher


def invite(
    connection: sa.Connection, caller: Caller, publisher: Publisher, role: str, note: str
) -> tuple[Invitation, str]:
    """Adds an invitation that can be used once within a week. Returns it and its secret."""
    _check_role(role)
    made, secret = members.add_invitation(
        connection, publisher, role, note, created_by=caller.name, seconds=_INVITATION_DAYS * 86_400
    )
    _note(connection, caller, "invitation.create", publisher.name, role=role, note=note)
    return made, secret


def withdraw_invitation(
    connection: sa.Connection, caller: Caller, publisher: Publisher, invitation_id: int
) -> None:
    """Deletes an invitation, so that it can no longer be accepted.

    Raises:
      Missing: the publisher has no invitation with that number.
    """
    found = (i for i in members.list_invitations(connection, publisher) if i.id == invitation_id)
    invitation = next(found, None)
    if invitation is None or not members.remove_invitation(connection, invitation.id):
        raise Missing(
            f"There is no invitation {invitation_id} for {publisher.name!r}.",
            hint="It was accepted or withdrawn, or it expired.",
        )
    _note(connection, caller, "invitation.withdraw", publisher.name, role=invitation.role)


def change_role(
    connection: sa.Connection, caller: Caller, publisher: Publisher, user_id: int, role: str
) -> Member:
    """Changes the role of a member.

    Raises:
      Malformed: there is no such role.
      Missing: there is no such member.
      ConflictError: the publisher would have no owner left.
    """
    _check_role(role)
    lock_publisher(connection, publisher)
    member = _member(connection, publisher, user_id)
    if ROLES[role] != ADMIN:
        _check_not_last_owner(connection, caller, publisher, member)
    members.set_role(connection, publisher.id, user_id, role, caller.name)
    _note(connection, caller, "member.role", publisher.name, member=member.name, role=role)
    return _member(connection, publisher, user_id)


def remove(connection: sa.Connection, caller: Caller, publisher: Publisher, user_id: int) -> None:
    """Removes a member. The user's sessions and tokens lose the rights of the role at once.

    Raises:
      Missing: there is no such member.
      ConflictError: the publisher would have no owner left.
    """
    lock_publisher(connection, publisher)
    member = _member(connection, publisher, user_id)
    _check_not_last_owner(connection, caller, publisher, member)
    members.remove_member(connection, publisher, user_id)
    _note(connection, caller, "member.remove", publisher.name, member=member.name)


def find_invitation(connection: sa.Connection, secret: str) -> Invitation:
    """Returns the invitation with that secret.

    Raises:
      Missing: it is unknown, was accepted or withdrawn, or has expired.
    """
    found = members.find_invitation(connection, secret)
    if found is None:
        raise Missing(
            "This invitation is unknown, was used already, or expired.",
            hint="Ask the person who sent it for a new one.",
        )
    return found


def accept(connection: sa.Connection, user: User, address: str, invitation: Invitation) -> None:
    """Makes a user a member with the role of an invitation, and deletes the invitation.

    A user who has a higher role already keeps it.
    """
    publisher = find_publisher(connection, invitation.publisher)
    assert publisher is not None
    lock_publisher(connection, publisher)
    _use_up(connection, invitation)
    known = members.find_member(connection, publisher, user.id)
    order = list(ROLES)
    role = max(invitation.role, known.role if known else invitation.role, key=order.index)
    members.set_role(connection, publisher.id, user.id, role, invitation.created_by)
    add_entry(connection, user.name, address, "member.join", publisher.name, role=role)


def join(connection: sa.Connection, address: str, invitation: Invitation, name: str) -> str:
    """Adds a local user of this hub, who becomes a member with the role of an invitation.

    Returns:
      The secret of the token with which the user signs in.

    Raises:
      Malformed: the name is not allowed.
      ConflictError: another user has the name.
    """
    if not _NAME.fullmatch(name):
        raise Malformed(
            f"Expected a name of at most 63 letters, digits and characters of . _ - +, got {name!r}.",
            hint="For example 'alice'.",
        )
    if has_name(connection, name):
        raise ConflictError(
            f"There is already a user {name!r}.", hint="Choose another name, or sign in as that user first."
        )
    user = add_user(connection, LOCAL, name.lower(), name)
    accept(connection, user, address, invitation)
    _, secret = create_token(connection, "sign-in", ADMIN, None, created_by=name, user_id=user.id)
    return secret


def _use_up(connection: sa.Connection, invitation: Invitation) -> None:
    if not members.remove_invitation(connection, invitation.id):  # another request used it first
        find_invitation(connection, "")  # raises `Missing`


def _member(connection: sa.Connection, publisher: Publisher, user_id: int) -> Member:
    member = members.find_member(connection, publisher, user_id)
    if member is None:
        raise Missing(
            f"The publisher {publisher.name!r} has no member {user_id}.",
            hint=f"List them: `tfhub member list {publisher.name}`.",
        )
    return member


def _check_not_last_owner(
    connection: sa.Connection, caller: Caller, publisher: Publisher, member: Member
) -> None:
    """Raises an error if the member is the last owner, unless the caller is an administrator."""
    if has_scope(caller, ADMIN, None):
        return
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
