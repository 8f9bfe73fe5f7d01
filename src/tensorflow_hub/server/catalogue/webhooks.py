"""Webhooks: URLs that are told of what is done to the models of a publisher, or of the whole hub."""

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

# How secrets of webhooks begin (Standard Webhooks); what follows is in Base64.
PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclasses.dataclass(frozen=True)
class Webhook:
    """A URL that is told of events.

    Attributes:
      publisher: whose events it is told; None for all of the hub.
      events: which ones, of `news.ACTIONS`.
      failing_since: when the first failure was since the last success.
      off_at: since when nothing is sent to it; `off_reason` says why.
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
    """The webhooks of a publisher; for None those of the whole hub."""
    whose = publishers.c.name_key == publisher.lower() if publisher else webhooks.c.publisher_id.is_(None)
    rows = connection.execute(_SELECT.where(whose).order_by(webhooks.c.created_at, webhooks.c.id))
    return [_webhook(row) for row in rows]


def find_webhook(connection: sa.Connection, webhook_id: int) -> Webhook | None:
    """The webhook of that number."""
    row = connection.execute(_SELECT.where(webhooks.c.id == webhook_id)).first()
    return _webhook(row) if row else None


def add_webhook(
    connection: sa.Connection, publisher_id: int | None, url: str, events: Sequence[str], created_by: str
) -> tuple[Webhook, str]:
    """Adds a webhook; with the secret that its messages are signed with."""
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
    """Chooses what a webhook is told of from now on."""
    _update(connection, webhook, events=list(events))


def switch_on(connection: sa.Connection, webhook: Webhook) -> None:
    """Sends to a webhook again: what is done from now on."""
    _update(connection, webhook, off_at=None, off_reason="", failing_since=None)


def switch_off(connection: sa.Connection, webhook_id: int, reason: str) -> None:
    """Sends nothing to a webhook any more; what waits for it has failed."""
    is_off = {"off_at": int(time.time()), "off_reason": reason}
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook_id).values(**is_off))
    waiting = (deliveries.c.webhook_id == webhook_id, deliveries.c.state == WAITING)
    connection.execute(sa.update(deliveries).where(*waiting).values(state=FAILED))


def remove_webhook(connection: sa.Connection, webhook: Webhook) -> None:
    """Removes a webhook with its log."""
    remove_receiver(connection, webhook.id)


def _update(connection: sa.Connection, webhook: Webhook, **values: Any) -> None:
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook.id).values(**values))


def _webhook(row: Any) -> Webhook:
    number, publisher, url, events, *others = row
    return Webhook(number, publisher, url, tuple(events), *others)
