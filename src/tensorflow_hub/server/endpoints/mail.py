"""`/api/v1/mail`: which mail a member gets. Addresses are chosen on the page alone.

A subscription outlives the token that asked for it, so a token can change one or end it, but not begin one.
"""

from __future__ import annotations

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import MailChange, OfPublisher
from tensorflow_hub.server.catalogue import mail
from tensorflow_hub.server.catalogue.mail import Subscription
from tensorflow_hub.server.catalogue.tokens import READ
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.core.rights import has_scope
from tensorflow_hub.server.people.mail import own_subscription
from tensorflow_hub.server.people.webhooks import checked_events


def list_mail(call: Call) -> Answer[answers.Mails]:
    """What the owner of the token gets mail about; of publishers that the token may read."""
    with call.hub.database.reading() as connection:
        found = mail.subscriptions_of(connection, call.caller.user.id) if call.caller.user else []
    return Answer({"mail": [_json(each) for each in found if has_scope(call.caller, READ, each.publisher)]})


def change_mail(call: Call, path: OfPublisher, body: MailChange) -> Answer[answers.Mail]:
    """Chooses the events that are told."""
    with call.hub.database.writing() as connection:
        user = _user_of(call, path.publisher)
        subscription = own_subscription(connection, user, path.publisher)
        mail.set_events(connection, subscription, checked_events(body.events))
        changed = own_subscription(connection, user, path.publisher)
    return Answer(_json(changed))


def end_mail(call: Call, path: OfPublisher) -> Answer[None]:
    """Sends no mail about a publisher any more."""
    with call.hub.database.writing() as connection:
        user = _user_of(call, path.publisher)
        mail.unsubscribe(connection, own_subscription(connection, user, path.publisher))
    return Answer(None, 204)


def _user_of(call: Call, publisher: str) -> int:
    """The number of the user; the same error where it has no such mail and where the token may not see it."""
    if call.caller.user is None or not has_scope(call.caller, READ, publisher):
        raise Missing(
            f"You get no mail about {publisher[:100]!r}.",
            hint="There is no subscription to change or to end.",
        )
    return call.caller.user.id


def _json(subscription: Subscription) -> answers.Mail:
    return {
        "publisher": subscription.publisher,
        "address": subscription.address,
        "events": list(subscription.events),
        "reason": subscription.off_reason,
    }
