"""`/settings/mail`: members subscribe to mail; links in mails confirm the address and unsubscribe."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import ConfirmMail, Subscribe, Unsubscribe
from tensorflow_hub.server.catalogue import mail
from tensorflow_hub.server.catalogue.mail import Subscription
from tensorflow_hub.server.core.callers import Caller, session_caller
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.limits import CONFIRMATIONS, UNKNOWN_TOKENS, source_of
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.deliveries.mail import is_address
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.people.mail import own_subscription, publishers_of, subscribe_to
from tensorflow_hub.server.web import mail_pages


def show_mail(request: Request) -> Response:
    """Returns the page with the subscriptions of the user, and a form for a new one."""
    caller, hub = signed_in_caller(request), hub_of(request)
    if caller.user is None or not hub.settings.smtp_host:
        return mail_pages.mail(request, caller, [], [])
    with hub.database.reading() as connection:
        found = mail.subscriptions_of(connection, caller.user.id)
        choices = publishers_of(connection, caller.user)
    return mail_pages.mail(request, caller, choices, found)


def subscribe(call: Call, fields: Subscribe) -> Response:
    """Adds a subscription. If needed, a mail asks to confirm the address first."""
    user, address = _user(call), fields.address.strip()
    if not is_address(address):
        raise Malformed(
            f"Expected a mail address, got {address[:100]!r}.", hint="For example ada@example.com."
        )
    if not fields.events:
        raise Malformed(
            "Expected at least one event to get mail about.", hint="Tick a box; to end mail, press No more."
        )
    call.hub.limits.count(CONFIRMATIONS, str(user))
    with call.hub.database.writing() as connection:
        subscribe_to(connection, call.caller, fields.publisher, address, fields.events)
    return _to_mail()


def unsubscribe(call: Call, fields: Unsubscribe) -> Response:
    """Removes a subscription."""
    user = _user(call)
    with call.hub.database.writing() as connection:
        mail.unsubscribe(connection, own_subscription(connection, user, fields.publisher))
    return _to_mail()


def show_confirmation(request: Request) -> Response:
    """Returns the page that asks to confirm the address, with a button."""
    found = _by_code(request, hub_of(request), request.query_params.get("code", ""))
    return mail_pages.question(request, found, request.query_params["code"], "confirm")


def confirm(call: Call, fields: ConfirmMail) -> Response:
    """Confirms the address of a subscription."""
    found = _by_code(call.request, call.hub, fields.code)
    with call.hub.database.writing() as connection:
        mail.confirm(connection, found)
    return mail_pages.done(call.request, found, "confirm")


def show_stop(request: Request) -> Response:
    """Returns the page that asks to unsubscribe. Programs that only open the link must not unsubscribe."""
    found = _by_code(request, hub_of(request), request.query_params.get("code", ""))
    return mail_pages.question(request, found, request.query_params["code"], "stop")


def stop(request: Request) -> Response:
    """Unsubscribes, after one click in a mail program (RFC 8058) or on the button of the page."""
    hub = hub_of(request)
    found = _by_code(request, hub, request.query_params.get("code", ""))
    with hub.database.writing() as connection:
        mail.unsubscribe(connection, found)
    return mail_pages.done(request, found, "stop")


def _user(call: Call) -> int:
    if call.caller.user is None or not call.hub.settings.smtp_host:
        raise Missing(
            "This hub sends no mail to who is signed in with this token.",
            hint="Mail is for members who are users of the hub, where it has a mail server.",
        )
    return call.caller.user.id


def _by_code(request: Request, hub: Hub, code: str) -> Subscription:
    """Returns the subscription with that code. Wrong codes count for the rate limit of wrong tokens."""
    caller: Caller = session_caller(request)
    request.state.caller = caller
    with hub.database.reading() as connection:
        found = mail.find_subscription(connection, code[:200])
    if found is None:
        hub.limits.count(UNKNOWN_TOKENS, source_of(caller.address))
        raise Missing("The link is of no mail that is still sent.", hint="There is nothing more to do.")
    return found


def _to_mail() -> Response:
    return RedirectResponse("/settings/mail", 303, {"Cache-Control": "no-store"})
