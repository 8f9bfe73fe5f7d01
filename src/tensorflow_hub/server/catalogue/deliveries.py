"""The queue of messages to webhooks and members.

A change of the catalogue and the messages about it are written in one transaction, so that no message is
lost, and none is sent about a change that was rolled back. `delivery_attempts.py` takes them from the queue.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.server.catalogue.tables import audit, deliveries, members, publishers, users, webhooks

# The action of test messages.
TEST = "test"
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
# How long a mail is delayed, so that it can contain all events of this time.
_MAIL_DELAY_SECONDS = 60
_LOG_SECONDS = 30 * 86_400


@dataclasses.dataclass(frozen=True)
class Delivery:
    """A message to a webhook, or to a member by mail.

    Attributes:
      id: the id of the message, the same for each attempt.
      webhook_id: the webhook.
      action: the event, for example "publish"; "test" for a test.
      handle: the version; "" for a test.
      at: when the event happened, in seconds since 1970.
      detail: more about the event: the reason, the deployment.
      state: waiting, delivered or failed.
      attempts: how often sending was tried.
      due_at: when it is sent next, while it is waiting.
      claimed_until: until when a process owns it; 0 if none does.
      tried_at: when the last attempt was; None before the first.
      status: the HTTP status of the last attempt; None if there was no answer.
      answer: the beginning of the answer, or the error.
    """

    id: str
    webhook_id: int
    action: str
    handle: str
    at: int
    detail: Mapping[str, Any]
    state: str
    attempts: int
    due_at: int
    claimed_until: int
    tried_at: int | None
    status: int | None
    answer: str


_SELECT = sa.select(
    deliveries.c.id,
    deliveries.c.webhook_id,
    sa.func.coalesce(audit.c.action, TEST),
    sa.func.coalesce(audit.c.subject, ""),
    sa.func.coalesce(audit.c.at, deliveries.c.created_at),
    audit.c.detail,
    deliveries.c.state,
    deliveries.c.attempts,
    deliveries.c.due_at,
    deliveries.c.claimed_until,
    deliveries.c.tried_at,
    deliveries.c.status,
    deliveries.c.answer,
).select_from(deliveries.outerjoin(audit, deliveries.c.audit_id == audit.c.id))

# True for a webhook, and for the mail of a user who still is a member. Mail in the queue of other users is
# not sent.
MAY_RECEIVE = sa.or_(
    webhooks.c.user_id.is_(None),
    sa.exists().where(
        members.c.publisher_id == webhooks.c.publisher_id,
        members.c.user_id == webhooks.c.user_id,
        users.c.id == members.c.user_id,
        users.c.disabled_at.is_(None),
    ),
)


def queue_deliveries(connection: sa.Connection, audit_id: int, action: str, handle: str) -> None:
    """Adds a message about an entry of the audit log for each webhook and member who subscribed to it."""
    if action not in EVENTS:
        return
    of_publisher = sa.select(publishers.c.id).where(publishers.c.name == handle.partition("/")[0])
    query = sa.select(webhooks.c.id, webhooks.c.events, webhooks.c.user_id).where(
        MAY_RECEIVE,
        webhooks.c.off_at.is_(None),
        sa.or_(webhooks.c.publisher_id.is_(None), webhooks.c.publisher_id.in_(of_publisher)),
    )
    # PostgreSQL locks these webhooks against removal. Without the lock, the message of a webhook that is
    # removed at this moment would refer to nothing, and what caused the message would fail.
    locked = query.with_for_update(read=True, key_share=True)
    for webhook_id, events, user_id in connection.execute(locked).all():
        if action in events:
            _add(connection, webhook_id, audit_id, 0 if user_id is None else _MAIL_DELAY_SECONDS)


def queue_test(connection: sa.Connection, webhook_id: int) -> Delivery:
    """Adds a test message, and returns it. If one is waiting already, returns that."""
    is_waiting_test = (
        deliveries.c.webhook_id == webhook_id,
        deliveries.c.audit_id.is_(None),
        deliveries.c.state == WAITING,
    )
    known = connection.execute(sa.select(deliveries.c.id).where(*is_waiting_test)).scalar()
    found = find_delivery(connection, webhook_id, known or _add(connection, webhook_id, None))
    assert found is not None
    return found


def send_again(connection: sa.Connection, delivery: Delivery) -> None:
    """Puts a message into the queue once more, whatever its state."""
    values = {"state": WAITING, "attempts": 0, "due_at": int(time.time())}
    connection.execute(sa.update(deliveries).where(deliveries.c.id == delivery.id).values(**values))


def find_delivery(connection: sa.Connection, webhook_id: int, delivery_id: str) -> Delivery | None:
    """Returns the message of a webhook with that id, or None."""
    return next(iter(find_deliveries(connection, webhook_id, [delivery_id])), None)


def find_deliveries(connection: sa.Connection, webhook_id: int, ids: Sequence[str]) -> list[Delivery]:
    """Returns the messages of a webhook with these ids, the oldest event first. Unknown ids are left out."""
    query = _SELECT.where(deliveries.c.id.in_(ids), deliveries.c.webhook_id == webhook_id)
    return [_delivery(row) for row in connection.execute(query.order_by(deliveries.c.audit_id))]


def list_deliveries(connection: sa.Connection, webhook_id: int, limit: int = 50) -> list[Delivery]:
    """Returns the latest messages of a webhook, the latest first."""
    query = _SELECT.where(deliveries.c.webhook_id == webhook_id)
    order = (deliveries.c.created_at.desc(), deliveries.c.audit_id.desc(), deliveries.c.id)
    return [_delivery(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def list_waiting(connection: sa.Connection, webhook_id: int, limit: int) -> list[Delivery]:
    """Returns the events that wait for a receiver and that no process owns, the oldest first."""
    query = _SELECT.where(
        deliveries.c.webhook_id == webhook_id,
        deliveries.c.state == WAITING,
        deliveries.c.claimed_until <= int(time.time()),
        deliveries.c.audit_id.is_not(None),
    )
    return [_delivery(row) for row in connection.execute(query.order_by(deliveries.c.audit_id).limit(limit))]


def remove_receiver(connection: sa.Connection, webhook_id: int) -> None:
    """Removes a webhook, or the mail of a member, with its messages.

    It locks the webhook first, as `record_outcome` does. In the other order, PostgreSQL would find a deadlock
    of the two and end one of them.
    """
    of_webhook = webhooks.c.id == webhook_id
    connection.execute(sa.select(webhooks.c.id).where(of_webhook).with_for_update())
    connection.execute(sa.delete(deliveries).where(deliveries.c.webhook_id == webhook_id))
    connection.execute(sa.delete(webhooks).where(of_webhook))


def remove_old_deliveries(connection: sa.Connection) -> None:
    """Removes messages older than 30 days from the log."""
    old = deliveries.c.created_at < int(time.time()) - _LOG_SECONDS
    connection.execute(sa.delete(deliveries).where(old))


def _add(connection: sa.Connection, webhook_id: int, audit_id: int | None, wait: int = 0) -> str:
    now, delivery_id = int(time.time()), f"msg_{secrets.token_hex(16)}"
    connection.execute(
        sa.insert(deliveries).values(
            id=delivery_id,
            webhook_id=webhook_id,
            audit_id=audit_id,
            state=WAITING,
            attempts=0,
            created_at=now,
            due_at=now + wait,
            claimed_until=0,
            answer="",
        )
    )
    return delivery_id


def _delivery(row: Any) -> Delivery:
    number, webhook_id, action, handle, at, detail, *others = row
    return Delivery(number, webhook_id, action, handle, at, detail or {}, *others)
