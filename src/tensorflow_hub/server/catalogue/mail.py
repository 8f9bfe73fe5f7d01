"""Subscriptions of members to mail about a publisher: rows of the table `webhooks` with a `mailto:` URL."""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.deliveries import queue_test, remove_receiver
from tensorflow_hub.server.catalogue.records import Publisher
from tensorflow_hub.server.catalogue.tables import publishers, webhooks
from tensorflow_hub.server.catalogue.tokens import new_id

SCHEME = "mailto:"
_UNCONFIRMED = "the address is not confirmed"


@dataclasses.dataclass(frozen=True)
class Subscription:
    """A subscription of a member to mail about a publisher.

    Attributes:
      url: `mailto:` and the address.
      off_reason: why no mail is sent; "" while mail is sent.
    """

    id: int
    user_id: int
    publisher: str
    url: str
    off_reason: str
    events: Sequence[str]

    @property
    def address(self) -> str:
        """The mail address."""
        return self.url.removeprefix(SCHEME)


_SELECT = (
    sa.select(
        webhooks.c.id,
        webhooks.c.user_id,
        publishers.c.name,
        webhooks.c.url,
        webhooks.c.off_reason,
        webhooks.c.events,
    )
    .join(publishers, webhooks.c.publisher_id == publishers.c.id)
    .where(webhooks.c.user_id.is_not(None))
)


def subscriptions_of(connection: sa.Connection, user_id: int) -> list[Subscription]:
    """Returns the subscriptions of a user."""
    query = _SELECT.where(webhooks.c.user_id == user_id).order_by(publishers.c.name_key)
    return [Subscription(*row) for row in connection.execute(query)]


def find_subscription(connection: sa.Connection, code: str) -> Subscription | None:
    """Returns the subscription whose mails have that code in their links, or None."""
    row = connection.execute(_SELECT.where(webhooks.c.secret == code)).first() if code else None
    return Subscription(*row) if row else None


def set_events(connection: sa.Connection, subscription: Subscription, events: Sequence[str]) -> None:
    """Sets the events about which mail is sent."""
    query = sa.update(webhooks).where(webhooks.c.id == subscription.id)
    connection.execute(query.values(events=list(events)))


def subscribe(
    connection: sa.Connection,
    user_id: int,
    publisher: Publisher,
    address: str,
    events: Sequence[str],
    *,
    is_confirmed: bool,
) -> None:
    """Subscribes a user to mail about a publisher. An earlier subscription to it is replaced.

    An address that is not confirmed gets one mail, with a link to confirm it; none if it already gets mail
    about this publisher.
    """
    for known in subscriptions_of(connection, user_id):
        if known.publisher == publisher.name and known.address == address and not known.off_reason:
            set_events(connection, known, events)
            return
        if known.publisher == publisher.name:
            unsubscribe(connection, known)
    now, number = int(time.time()), new_id(connection, webhooks)
    off: dict[str, Any] = {} if is_confirmed else {"off_at": now}
    connection.execute(
        sa.insert(webhooks).values(
            id=number,
            publisher_id=publisher.id,
            user_id=user_id,
            url=SCHEME + address,
            events=list(events),
            secret=secrets.token_urlsafe(24),
            created_at=now,
            created_by="",
            off_reason="" if is_confirmed else _UNCONFIRMED,
            **off,
        )
    )
    if not is_confirmed:
        queue_test(connection, number)


def confirm(connection: sa.Connection, subscription: Subscription) -> None:
    """Confirms the address of a subscription.

    The caller knows the code, so they have read a mail at the address.
    """
    values = {"off_at": None, "off_reason": "", "failing_since": None}
    connection.execute(sa.update(webhooks).where(webhooks.c.id == subscription.id).values(**values))


def unsubscribe(connection: sa.Connection, subscription: Subscription) -> None:
    """Removes a subscription with its address and its waiting mail."""
    remove_receiver(connection, subscription.id)
