"""Webhooks that owners make for their publisher, and administrators for the whole hub."""

from __future__ import annotations

import dataclasses
import urllib.parse
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from tensorflow_hub.errors import ConflictError
from tensorflow_hub.server.catalogue import deliveries, webhooks
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.deliveries import Delivery
from tensorflow_hub.server.catalogue.news import ACTIONS
from tensorflow_hub.server.catalogue.reading import find_publisher
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.catalogue.webhooks import Webhook
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope, require
from tensorflow_hub.server.deliveries.sending import check_url

_MOST = 20


@dataclasses.dataclass(frozen=True)
class NewWebhook:
    """What a new webhook is told: events of a publisher, None for the whole hub; empty for all events."""

    url: str
    events: Sequence[str]
    publisher: str | None


def webhooks_of(connection: sa.Connection, caller: Caller, publisher: str | None) -> list[Webhook]:
    """The webhooks of a publisher, None for those of the whole hub.

    Raises:
      ForbiddenError: the caller is no owner.
    """
    require(caller, ADMIN, publisher)
    return webhooks.list_webhooks(connection, publisher)


def make_webhook(
    connection: sa.Connection, caller: Caller, wanted: NewWebhook, networks: Sequence[str]
) -> tuple[Webhook, str]:
    """Adds a webhook; it outlives who made it.

    Returns:
      The webhook and the secret that its messages are signed with.

    Raises:
      ForbiddenError: the caller is no owner.
      Malformed: the URL or an event is none.
      ConflictError: there are too many.
    """
    known = webhooks_of(connection, caller, wanted.publisher)
    events, url = _checked_events(wanted.events), check_url(wanted.url.strip(), networks)
    if len(known) >= _MOST:
        raise ConflictError(f"There are {_MOST} webhooks already.", hint="Remove one of them first.")
    found = find_publisher(connection, wanted.publisher) if wanted.publisher is not None else None
    if wanted.publisher is not None and found is None:
        raise Missing(f"No publisher {wanted.publisher!r} is known to this hub.", hint="Check the spelling.")
    publisher_id = found.id if found else None
    made, secret = webhooks.add_webhook(connection, publisher_id, url, events, caller.name)
    _note(connection, caller, "webhook.create", made, host=urllib.parse.urlsplit(url).netloc)
    return made, secret


def owned_webhook(connection: sa.Connection, caller: Caller, webhook_id: int) -> Webhook:
    """The webhook of that number.

    Raises:
      Missing: there is none that the caller may manage. It does not tell whose webhooks there are.
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
    """Chooses other events, or switches a webhook on or off; None leaves it as it is."""
    if events is not None:
        webhooks.set_events(connection, webhook, _checked_events(events))
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
    """Sends a message that tells of nothing."""
    _require_on(webhook)
    return deliveries.queue_test(connection, webhook.id)


def send_again(connection: sa.Connection, webhook: Webhook, delivery_id: str) -> Delivery:
    """Sends a message of the log once more, under the same id.

    Raises:
      Missing: the log does not have it.
      ConflictError: it waits already, or the webhook is off.
    """
    _require_on(webhook)
    found = deliveries.find_delivery(connection, webhook.id, delivery_id)
    if found is None:
        raise Missing(f"The log has no message {delivery_id[:50]!r}.", hint="Messages are kept for 30 days.")
    if found.state == deliveries.WAITING and found.claimed_until:
        raise ConflictError(f"The message {delivery_id} is being sent.", hint="Look again in a moment.")
    deliveries.send_again(connection, found)
    return found


def _require_on(webhook: Webhook) -> None:
    if webhook.off_at is not None:
        raise ConflictError(
            f"The webhook {webhook.id} is switched off: {webhook.off_reason}.", hint="Switch it on first."
        )


def _checked_events(events: Iterable[str]) -> list[str]:
    """The events in their order; all of them where none is chosen."""
    chosen = set(events)
    unknown = next(iter(sorted(chosen - set(ACTIONS))), None)
    if unknown is not None:
        raise Malformed(
            f"Expected events of {', '.join(ACTIONS)}, got {unknown[:50]!r}.", hint="Leave them out for all."
        )
    return [event for event in ACTIONS if event in chosen or not chosen]


def _note(connection: sa.Connection, caller: Caller, action: str, webhook: Webhook, **detail: str) -> None:
    noted = {"webhook": webhook.id, **detail}
    add_entry(connection, caller.name, caller.address, action, webhook.publisher or "", **noted)
