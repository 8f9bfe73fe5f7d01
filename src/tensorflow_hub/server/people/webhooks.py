"""Managing webhooks: owners make them for their publisher, administrators for the whole hub."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.api.requests import NewWebhook
from tensorflow_hub.errors import ConflictError
from tensorflow_hub.server.catalogue import deliveries, webhooks
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.deliveries import Delivery
from tensorflow_hub.server.catalogue.reading import find_publisher
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.catalogue.webhooks import Webhook
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope, require
from tensorflow_hub.server.deliveries.sending import check_url

_MOST = 20


def webhooks_of(connection: sa.Connection, caller: Caller, publisher: str | None) -> list[Webhook]:
    """Returns the webhooks of a publisher; for None those of the whole hub.

    Raises:
      ForbiddenError: the caller is not an owner.
    """
    require(caller, ADMIN, publisher)
    return webhooks.list_webhooks(connection, publisher)


def make_webhook(
    connection: sa.Connection, caller: Caller, new: NewWebhook, networks: Sequence[str]
) -> tuple[Webhook, str]:
    """Adds a webhook. It stays when the user who made it leaves the publisher.

    Args:
      connection: a transaction of the catalogue.
      caller: who makes it.
      new: its properties.
      networks: private networks that its URL may be in, for example `10.1.0.0/16`.

    Returns:
      The webhook, and the secret with which its messages are signed.

    Raises:
      ForbiddenError: the caller is not an owner.
      Malformed: the URL is not valid or not allowed, or there is no such event.
      ConflictError: there are too many webhooks.
    """
    known = webhooks_of(connection, caller, new.publisher)
    events, url = checked_events(new.events), check_url(new.url.strip(), networks)
    if len(known) >= _MOST:
        raise ConflictError(
            f"There are {_MOST} webhooks already, which is the limit.", hint="Remove one of them first."
        )
    found = find_publisher(connection, new.publisher) if new.publisher is not None else None
    if new.publisher is not None and found is None:
        raise Missing(f"This hub has no publisher {new.publisher!r}.", hint="Check the spelling.")
    publisher_id = found.id if found else None
    made, secret = webhooks.add_webhook(connection, publisher_id, url, events, caller.name)
    _note(connection, caller, "webhook.create", made, host=urllib.parse.urlsplit(url).netloc)
    return made, secret


def owned_webhook(connection: sa.Connection, caller: Caller, webhook_id: int) -> Webhook:
    """Returns a webhook that the caller may manage.

    Raises:
      Missing: there is no such webhook, or the caller may not manage it. Both give the same message, so that
        nobody learns which webhooks others have.
    """
    found = webhooks.find_webhook(connection, webhook_id)
    if found is None or not has_scope(caller, ADMIN, found.publisher):
        raise Missing(
            f"There is no webhook number {webhook_id} that you may manage.",
            hint="List them: `tfhub webhook list`.",
        )
    return found


def change_webhook(
    connection: sa.Connection,
    caller: Caller,
    webhook: Webhook,
    events: Sequence[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """Changes the events of a webhook, or switches it on or off; None leaves a property as it is."""
    if events is not None:
        webhooks.set_events(connection, webhook, checked_events(events))
    if active is True:
        webhooks.switch_on(connection, webhook)
    elif active is False and webhook.off_at is None:
        webhooks.switch_off(connection, webhook.id, f"{caller.name} switched it off")
    _note(connection, caller, "webhook.change", webhook)
    return owned_webhook(connection, caller, webhook.id)


def remove_webhook(connection: sa.Connection, caller: Caller, webhook: Webhook) -> None:
    """Removes a webhook and its log."""
    webhooks.remove_webhook(connection, webhook)
    _note(connection, caller, "webhook.delete", webhook)


def send_test(connection: sa.Connection, webhook: Webhook) -> Delivery:
    """Queues a test message.

    Raises:
      ConflictError: the webhook is switched off.
    """
    _require_on(webhook)
    return deliveries.queue_test(connection, webhook.id)


def send_again(connection: sa.Connection, webhook: Webhook, delivery_id: str) -> Delivery:
    """Queues a message of the log once more, with the same id.

    Raises:
      Missing: the message is not in the log.
      ConflictError: the message is being sent at this moment, or the webhook is switched off.
    """
    _require_on(webhook)
    found = deliveries.find_delivery(connection, webhook.id, delivery_id)
    if found is None:
        raise Missing(
            f"The log of webhook {webhook.id} has no message {delivery_id[:50]!r}.",
            hint="Messages are kept for 30 days.",
        )
    if found.state == deliveries.WAITING and found.claimed_until:
        raise ConflictError(f"The message {delivery_id} is being sent.", hint="Look again in a moment.")
    deliveries.send_again(connection, found)
    return found


def _require_on(webhook: Webhook) -> None:
    if webhook.off_at is not None:
        raise ConflictError(
            f"The webhook {webhook.id} is switched off: {webhook.off_reason}.", hint="Switch it on first."
        )


def checked_events(events: Iterable[str]) -> list[str]:
    """Returns the chosen events in the usual order; all events if none is chosen."""
    chosen = set(events)
    unknown = next(iter(sorted(chosen - set(EVENTS))), None)
    if unknown is not None:
        raise Malformed(
            f"Expected events of {', '.join(EVENTS)}, got {unknown[:50]!r}.",
            hint="Leave events out for all.",
        )
    return [event for event in EVENTS if event in chosen or not chosen]


def _note(connection: sa.Connection, caller: Caller, action: str, webhook: Webhook, **detail: str) -> None:
    add_entry(
        connection,
        caller.name,
        caller.address,
        action,
        webhook.publisher or "",
        webhook=webhook.id,
        **detail,
    )
