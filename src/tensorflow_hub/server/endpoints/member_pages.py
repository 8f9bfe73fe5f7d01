"""`/settings/publishers/<publisher>`: members and audit log for owners. `/settings/join`: become a member."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import ChangeMember, Invite, Join, OfInvitation
from tensorflow_hub.errors import AuthenticationError
from tensorflow_hub.server.catalogue.audit import list_entries
from tensorflow_hub.server.catalogue.members import Invitation, list_invitations, list_members
from tensorflow_hub.server.catalogue.records import Publisher
from tensorflow_hub.server.core.callers import Caller, session_caller, token_caller
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.limits import UNKNOWN_TOKENS, source_of
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.endpoints.members import invitation_url
from tensorflow_hub.server.endpoints.sign_in import start_session
from tensorflow_hub.server.people import members
from tensorflow_hub.server.web import member_pages

_ENTRIES = 50


def show_members(request: Request) -> Response:
    """Returns the page with the members and the open invitations."""
    caller = signed_in_caller(request)
    with hub_of(request).database.reading() as connection:
        publisher = members.owned_publisher(connection, caller, request.path_params["publisher"])
        return _members(request, connection, publisher)


def invite(call: Call, fields: Invite) -> Response:
    """Adds an invitation. Only the page of this answer shows its link."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, fields.publisher)
        _, secret = members.invite(connection, call.caller, publisher, fields.role, fields.note)
        return _members(call.request, connection, publisher, invitation_url(call.base, secret))


def withdraw_invitation(call: Call, fields: OfInvitation) -> Response:
    """Withdraws an invitation."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, fields.publisher)
        members.withdraw_invitation(connection, call.caller, publisher, fields.invitation)
    return _to_members(publisher)


def change_member(call: Call, fields: ChangeMember) -> Response:
    """Changes the role of a member, or removes the member."""
    with call.hub.database.writing() as connection:
        publisher = members.owned_publisher(connection, call.caller, fields.publisher)
        if fields.role == "remove":
            members.remove(connection, call.caller, publisher, fields.user)
        else:
            members.change_role(connection, call.caller, publisher, fields.user, fields.role)
    return _to_members(publisher)


def show_audit(request: Request) -> Response:
    """Returns the page with the audit log of the publisher, the latest entries first."""
    caller = signed_in_caller(request)
    before = request.query_params.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Malformed(f"Expected a number of a line, got {before[:50]!r}.", hint="Begin with the newest.")
    with hub_of(request).database.reading() as connection:
        publisher = members.owned_publisher(connection, caller, request.path_params["publisher"])
        entries = list_entries(connection, publisher.name, _ENTRIES, int(before) if before else None)
    return member_pages.audit(request, publisher, entries, has_more=len(entries) == _ENTRIES)


def show_invitation(request: Request) -> Response:
    """Returns the page of an invitation, with a button to accept it."""
    caller = request.state.caller = session_caller(request)
    code = request.query_params.get("code", "")
    invitation = _invitation(hub_of(request), caller, code)
    return member_pages.invitation(request, caller, invitation, code)


def join(call: Call, fields: Join) -> Response:
    """Accepts an invitation, as the signed-in user or as a new user."""
    invitation = _invitation(call.hub, call.caller, fields.code)
    with call.hub.database.writing() as connection:
        if call.caller.user is not None:
            members.accept(connection, call.caller.user, call.caller.address, invitation)
            return RedirectResponse("/settings", 303, {"Cache-Control": "no-store"})
        if call.hub.settings.oidc_issuer:
            raise AuthenticationError(
                "Users of this hub sign in at its provider.", hint="Sign in, then open the link again."
            )
        secret = members.join(connection, call.caller.address, invitation, fields.name.strip())
    return _welcome(call, secret, invitation.publisher)


def _invitation(hub: Hub, caller: Caller, code: str) -> Invitation:
    """Returns the invitation with that code. Wrong codes count for the rate limit of wrong tokens."""
    with hub.database.reading() as connection:
        try:
            return members.find_invitation(connection, code)
        except Missing:
            hub.limits.count(UNKNOWN_TOKENS, source_of(caller.address))
            raise


def _welcome(call: Call, secret: str, publisher: str) -> Response:
    """Signs the new user in, and returns the page with the token to sign in again."""
    caller = token_caller(call.request, secret)
    signed_in = start_session(call, caller, f"/{publisher}")
    call.request.state.caller = dataclasses.replace(caller, session=None)
    page = member_pages.welcome(call.request, caller, secret, publisher, call.base)
    for name, value in signed_in.raw_headers:
        if name == b"set-cookie":
            page.raw_headers.append((name, value))
    return page


def _members(request: Request, connection: sa.Connection, publisher: Publisher, url: str = "") -> Response:
    found, invited = list_members(connection, publisher), list_invitations(connection, publisher)
    return member_pages.members(request, publisher, found, invited, url)


def _to_members(publisher: Publisher) -> Response:
    return RedirectResponse(f"/settings/publishers/{publisher.name}", 303, {"Cache-Control": "no-store"})
