"""The pages on which owners manage a publisher, and those for invited people."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.catalogue.members import Invitation, Member
from tensorflow_hub.server.catalogue.records import AuditEntry, Publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.web.account_pages import MAY
from tensorflow_hub.server.web.rendering import render, show_day


def members(
    request: Request,
    publisher: Publisher,
    found: Sequence[Member],
    invited: Sequence[Invitation],
    url: str = "",
) -> Response:
    """Returns the page `/settings/publishers/<publisher>`, with the link of an invitation just made."""
    return render(
        request,
        "members.html",
        status=201 if url else 200,
        title=f"Members of {publisher.name}",
        publisher=publisher,
        members=found,
        invitations=[(invitation, show_day(invitation.expires_at)) for invitation in invited],
        url=url,
        may=MAY,
    )


def profile(request: Request, publisher: Publisher) -> Response:
    """Returns the page `/settings/publishers/<publisher>/profile`."""
    return render(request, "profile.html", title=f"Profile of {publisher.name}", publisher=publisher)


def audit(
    request: Request, publisher: Publisher, entries: Sequence[tuple[int, AuditEntry]], *, has_more: bool
) -> Response:
    """Returns the page `/settings/publishers/<publisher>/audit`."""
    shown = [
        {
            "at": iso(entry.at).replace("T", " ").removesuffix("Z"),
            "actor": entry.actor,
            "address": entry.address,
            "action": entry.action,
            "subject": entry.subject,
            "detail": ", ".join(f"{key}: {value}" for key, value in entry.detail.items() if value != ""),
        }
        for _, entry in entries
    ]
    return render(
        request,
        "audit.html",
        title=f"Audit log of {publisher.name}",
        publisher=publisher,
        entries=shown,
        before=entries[-1][0] if has_more else None,
    )


def invitation(request: Request, caller: Caller, shown: Invitation, code: str) -> Response:
    """Returns the page `/settings/join`, on which a person accepts an invitation."""
    return render(
        request,
        "join.html",
        title="Invitation",
        user=caller.user,
        by_provider=request.app.state.oidc is not None,
        invitation=shown,
        may=MAY[shown.role],
        until=show_day(shown.expires_at),
        code=code,
    )


def welcome(request: Request, caller: Caller, secret: str, publisher: str, base: str) -> Response:
    """Returns the page for a new user, with the token to sign in again."""
    assert caller.user is not None
    values = {
        "user": caller.user,
        "signed_in": caller.short_name,
        "secret": secret,
        "publisher": publisher,
        "base": base,
    }
    return render(request, "welcome.html", status=201, title="Welcome", **values)
