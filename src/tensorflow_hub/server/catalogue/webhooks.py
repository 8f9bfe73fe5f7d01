"""Webhooks: URLs to which the hub sends messages about events of a publisher, or of the whole hub."""

from __future__ import annotations

import base64
import dataclasses
import secrets
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.deliveries import FAILED, WAITING, remove_receiver
from tensorflow_hub.server.catalogue.tables import deliveries, publishers, webhooks
from tensorflow_hub.server.catalogue.tokens import new_id

# The prefix of secrets by the specification Standard Webhooks; the rest is Base64.
PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclasses.dataclass(frozen=True)
class Webhook:
    """A webhook.

    Attributes:
      publisher: whose events it gets; None for those of the whole hub.
      events: which events it gets, of `EVENTS`.
      failing_since: the time of the first failure after the last success; None if the last attempt succeeded.
      off_at: since when it is switched off; None if it is on.
      off_reason: why it is switched off.
    """

    id: int
    publisher: str | None
    url: str
    events: tuple[str, ...]
    created_at: int
    created_by: str
    failing_since: int | None
    off_at: int | None
    off_reason: str


_COLUMNS: tuple[sa.ColumnElement[Any], ...] = (
    webhooks.c.id,
    publishers.c.name,
    webhooks.c.url,
    webhooks.c.events,
    webhooks.c.created_at,
    webhooks.c.created_by,
    webhooks.c.failing_since,
    webhooks.c.off_at,
    webhooks.c.off_reason,
)
_SELECT = sa.select(*_COLUMNS).select_from(webhooks.outerjoin(publishers)).where(webhooks.c.user_id.is_(None))


def list_webhooks(connection: sa.Connection, publisher: str | None) -> list[Webhook]:
    """Returns the webhooks of a publisher; for None those of the whole hub."""
    whose = publishers.c.name_key == publisher.lower() if publisher else webhooks.c.publisher_id.is_(None)
    rows = connection.execute(_SELECT.where(whose).order_by(webhooks.c.created_at, webhooks.c.id))
    return [_webhook(row) for row in rows]


def find_webhook(connection: sa.Connection, webhook_id: int) -> Webhook | None:
    """Returns the webhook with that id, or None."""
    row = connection.execute(_SELECT.where(webhooks.c.id == webhook_id)).first()
    return _webhook(row) if row else None


def add_webhook(
    connection: sa.Connection, publisher_id: int | None, url: str, events: Sequence[str], created_by: str
) -> tuple[Webhook, str]:
    """Adds a webhook. Returns it, and the secret with which its messages are signed."""
    secret = PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    webhook_id = new_id(connection, webhooks)
    connection.execute(
        sa.insert(webhooks).values(
            id=webhook_id,
            publisher_id=publisher_id,
            url=url,
            events=list(events),
            secret=secret,
            created_at=int(time.time()),
            created_by=created_by,
            off_reason="",
        )
    )
    found = find_webhook(connection, webhook_id)
    assert found is not None
    return found, secret


def set_events(connection: sa.Connection, webhook: Webhook, events: Sequence[str]) -> None:
    """Sets the events that a webhook gets from now on."""
    _update(connection, webhook, events=list(events))


def switch_on(connection: sa.Connection, webhook: Webhook) -> None:
    """Switches a webhook on. It gets the events from now on, and not those while it was off."""
    _update(connection, webhook, off_at=None, off_reason="", failing_since=None)


def switch_off(connection: sa.Connection, webhook_id: int, reason: str) -> None:
    """Switches a webhook off. The messages that wait for it become failed."""
    is_off = {"off_at": int(time.time()), "off_reason": reason}
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook_id).values(**is_off))
    waiting = (deliveries.c.webhook_id == webhook_id, deliveries.c.state == WAITING)
    connection.execute(sa.update(deliveries).where(*waiting).values(state=FAILED))


def remove_webhook(connection: sa.Connection, webhook: Webhook) -> None:
    """Removes a webhook and its log."""
    remove_receiver(connection, webhook.id)


def _update(connection: sa.Connection, webhook: Webhook, **values: Any) -> None:
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook.id).values(**values))


def _webhook(row: Any) -> Webhook:
    number, publisher, url, events, *others = row
    return Webhook(number, publisher, url, tuple(events), *others)
