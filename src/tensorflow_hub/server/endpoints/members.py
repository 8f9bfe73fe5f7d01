"""`/api/v1/publishers/<publisher>/members` and `/invitations`: the members of a publisher."""

from __future__ import annotations

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import NewInvitation, OfInvitation, OfMember, OfPublisher, RoleChange
from tensorflow_hub.server.catalogue.members import Invitation, Member, list_invitations, list_members
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.people import members


def list_all(call: Call, path: OfPublisher) -> Answer[answers.Members]:
    """Returns the members and the open invitations."""
    with call.hub.database.reading() as connection:
        publisher = members.owned_publisher(connection, call.caller, path.publisher)
        found = list_members(connection, publisher)
        invited = list_invitations(connection, publisher)
    return Answer(
        {
            "members": [_member_json(member) for member in found],
            "invitations": [_invitation_json(invitation) for invitation in invited],
        }
    )


def invite(call: Call, path: OfPublisher, body: NewInvitation) -> Answer[answers.InvitationWithUrl]:
    """Adds an invitation. Only this answer has its URL."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, path.publisher)
        made, secret = members.invite(connection, call.caller, publisher, body.role, body.note)
    return Answer({**_invitation_json(made), "url": invitation_url(call.base, secret)}, 201)


def withdraw_invitation(call: Call, path: OfInvitation) -> Answer[None]:
    """Withdraws an invitation."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, path.publisher)
        members.withdraw_invitation(connection, call.caller, publisher, path.invitation)
    return Answer(None, 204)


def change_role(call: Call, path: OfMember, body: RoleChange) -> Answer[answers.Member]:
    """Changes the role of a member."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, path.publisher)
        changed = members.change_role(connection, call.caller, publisher, path.user, body.role)
    return Answer(_member_json(changed))


def remove(call: Call, path: OfMember) -> Answer[None]:
    """Removes a member."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, path.publisher)
        members.remove(connection, call.caller, publisher, path.user)
    return Answer(None, 204)


def invitation_url(base: str, secret: str) -> str:
    """Returns the URL of the page on which an invitation is accepted."""
    return f"{base}/settings/join?code={secret}"


def _member_json(member: Member) -> answers.Member:
    return {
        "user": member.user_id,
        "name": member.name,
        "role": member.role,
        "added_at": iso(member.added_at),
        "added_by": member.added_by,
    }


def _invitation_json(invitation: Invitation) -> answers.Invitation:
    return {
        "id": invitation.id,
        "role": invitation.role,
        "note": invitation.note,
        "created_at": iso(invitation.created_at),
        "created_by": invitation.created_by,
        "expires_at": iso(invitation.expires_at),
    }
