"""The pages about mail: the subscriptions of a user, and the pages behind links in mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.server.catalogue.mail import Subscription
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.web.rendering import render

_TITLES = {"confirm": "Do you want this mail?", "stop": "Unsubscribe?"}
_DONE = {"confirm": "You will get mail", "stop": "No more mail comes"}


def mail(
    request: Request, caller: Caller, publishers: Sequence[str], found: Sequence[Subscription]
) -> Response:
    """Returns the page `/settings/mail`."""
    name = caller.user.name if caller.user else ""
    chosen = next((each for each in found if each.publisher == request.query_params.get("about")), None)
    return render(
        request,
        "mail.html",
        title="Mail",
        is_sent=bool(hub_of(request).settings.smtp_host),
        is_user=caller.user is not None,
        choices=publishers,
        subscriptions=found,
        events=EVENTS,
        titles=lambda each: "all" if len(each.events) == len(EVENTS) else ", ".join(each.events),
        chosen=chosen,
        verified=name if "@" in name else "",
    )


def question(request: Request, asked: Subscription, code: str, what: str) -> Response:
    """`/settings/mail/confirm` and `/settings/mail/stop`: nothing is done before the button is pressed."""
    values: dict[str, Any] = {"asked": asked, "code": code, "what": what, "is_done": False}
    return render(request, "mail_answer.html", title=_TITLES[what], **values)


def done(request: Request, asked: Subscription, what: str) -> Response:
    """Returns the page after a subscription was confirmed or ended."""
    values: dict[str, Any] = {"asked": asked, "code": "", "what": what, "is_done": True}
    return render(request, "mail_answer.html", title=_DONE[what], **values)
