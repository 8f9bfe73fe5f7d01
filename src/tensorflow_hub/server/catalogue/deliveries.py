"""The queue of messages to webhooks and members.

A change of the catalogue and the messages about it are written in one transaction, so that no message is
lost, and none is sent about a change that was rolled back. All processes of a hub send messages. A process
claims a message before it sends it. If the process dies, another one sends the message after `LEASE_SECONDS`,
with the same id, by which receivers recognise duplicates.
"""

from __future__ import annotations

import dataclasses
import random
import secrets
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.events import ACTIONS
from tensorflow_hub.server.catalogue.tables import audit, deliveries, members, publishers, users, webhooks

# The action of test messages.
TEST = "test"
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
# How long a process owns a message that it has claimed; longer than any attempt to send takes.
LEASE_SECONDS = 300
# Seconds to wait after the first, second, … failed attempt. After the last one, a day later, the message has
# failed.
DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
# A webhook is switched off when a message has failed, and none was delivered for so many seconds.
_SWITCH_OFF_SECONDS = 5 * 86_400
# How long a mail is delayed, so that it can contain all events of this time, and how many events it contains.
_MAIL_DELAY_SECONDS = 60
_MAX_IN_MAIL = 50
_LOG_SECONDS = 30 * 86_400
_GONE = 410


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


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result of an attempt: the status (None without an answer), and the answer or the error as text."""

    status: int | None
    answer: str

    @property
    def is_success(self) -> bool:
        """Whether the receiver accepted the message."""
        return self.status is not None and 200 <= self.status < 300


@dataclasses.dataclass(frozen=True)
class Target:
    """The receiver of messages.

    Attributes:
      url: of the webhook, or `mailto:` with the address of a member.
      secret: the secret of the webhook; for mail, the code in the links.
      publisher: whose events it gets; None for those of the whole hub.
    """

    url: str
    secret: str
    publisher: str | None


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
_target = (
    sa.select(webhooks.c.url, webhooks.c.secret, publishers.c.name)
    .select_from(webhooks.outerjoin(publishers))
    .where(webhooks.c.id == sa.bindparam("id"))
)


# True for a webhook, and for the mail of a user who still is a member. Mail in the queue of other users is
# not sent.
_may_receive = sa.or_(
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
    if action not in ACTIONS:
        return
    of_publisher = sa.select(publishers.c.id).where(publishers.c.name == handle.partition("/")[0])
    query = sa.select(webhooks.c.id, webhooks.c.events, webhooks.c.user_id).where(
        _may_receive,
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
    query = _SELECT.where(deliveries.c.id == delivery_id, deliveries.c.webhook_id == webhook_id)
    row = connection.execute(query).first()
    return _delivery(row) if row else None


def list_deliveries(connection: sa.Connection, webhook_id: int, limit: int = 50) -> list[Delivery]:
    """Returns the latest messages of a webhook, the latest first."""
    query = _SELECT.where(deliveries.c.webhook_id == webhook_id)
    order = (deliveries.c.created_at.desc(), deliveries.c.audit_id.desc(), deliveries.c.id)
    return [_delivery(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def has_due(connection: sa.Connection) -> bool:
    """Whether a message is due now. Takes no lock, so that polling does not delay writers."""
    return connection.execute(_due(int(time.time())).limit(1)).first() is not None


def claim_delivery(connection: sa.Connection) -> tuple[Delivery, Target] | None:
    """Claims the message that has been due for the longest time. Returns None if none is due."""
    now = int(time.time())
    query = _due(now).order_by(deliveries.c.due_at, deliveries.c.audit_id).limit(1)
    found = connection.execute(query.with_for_update(skip_locked=True, of=[deliveries, webhooks])).first()
    if found is None:
        return None
    # Another process may have claimed a message of this webhook after PostgreSQL ran the first query. The row
    # of the webhook is locked now, so no other process can claim one, and this second query sees all claims.
    if connection.execute(_busy(now).where(deliveries.c.webhook_id == found.webhook_id)).first() is not None:
        return None
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == found.id)
        .values(claimed_until=now + LEASE_SECONDS, attempts=deliveries.c.attempts + 1, tried_at=now)
    )
    delivery = find_delivery(connection, found.webhook_id, found.id)
    assert delivery is not None
    return delivery, Target(*connection.execute(_target, {"id": found.webhook_id}).one())


def claim_others(connection: sa.Connection, delivery: Delivery) -> list[Delivery]:
    """Claims the other messages that wait for the same receiver.

    Returns `delivery` and these, for one mail.
    """
    others = _SELECT.where(
        deliveries.c.webhook_id == delivery.webhook_id,
        deliveries.c.state == WAITING,
        deliveries.c.claimed_until == 0,
        deliveries.c.audit_id.is_not(None),
    ).order_by(deliveries.c.audit_id)
    found = [_delivery(row) for row in connection.execute(others.limit(_MAX_IN_MAIL - 1))]
    claimed = {"claimed_until": delivery.claimed_until, "tried_at": delivery.tried_at}
    for other in found:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == other.id)
            .values(attempts=other.attempts + 1, **claimed)
        )
    again = (find_delivery(connection, other.webhook_id, other.id) for other in found)
    return [delivery, *filter(None, again)]


def record_outcome(connection: sa.Connection, delivery: Delivery, outcome: Outcome) -> str | None:
    """Records the result of an attempt, and when the next one is.

    After a failure, all other messages to the webhook wait as long as this one.

    Returns:
      The reason to switch off the webhook; None if it stays on.
    """
    now, of_webhook = int(time.time()), webhooks.c.id == delivery.webhook_id
    connection.execute(sa.select(webhooks.c.id).where(of_webhook).with_for_update())  # one process at a time
    is_last = delivery.attempts > len(DELAYS)
    values: dict[str, Any] = {"claimed_until": 0, "status": outcome.status, "answer": outcome.answer}
    if outcome.is_success or is_last:
        values["state"] = DELIVERED if outcome.is_success else FAILED
    else:
        delay = DELAYS[delivery.attempts - 1]
        values["due_at"] = now + delay + random.randint(0, delay // 5)
    own = (deliveries.c.id == delivery.id, deliveries.c.claimed_until == delivery.claimed_until)
    if connection.execute(sa.update(deliveries).where(*own).values(**values)).rowcount == 0:
        return None  # the message was removed, or another process has claimed it by now
    if outcome.is_success:
        connection.execute(sa.update(webhooks).where(of_webhook).values(failing_since=None))
        return None
    return _note_failure(connection, delivery.webhook_id, values.get("due_at", now), outcome, is_last)


def _note_failure(
    connection: sa.Connection, webhook_id: int, until: int, outcome: Outcome, is_last: bool
) -> str | None:
    others = (deliveries.c.webhook_id == webhook_id, deliveries.c.state == WAITING)
    early = deliveries.c.due_at < until
    connection.execute(sa.update(deliveries).where(*others, early).values(due_at=until))
    now, of_webhook = int(time.time()), webhooks.c.id == webhook_id
    since = sa.func.coalesce(webhooks.c.failing_since, now)
    connection.execute(sa.update(webhooks).where(of_webhook).values(failing_since=since))
    failing_since = connection.execute(sa.select(webhooks.c.failing_since).where(of_webhook)).scalar_one()
    if outcome.status == _GONE:
        return "the receiver answered 410 Gone"
    is_over = is_last and now - failing_since > _SWITCH_OFF_SECONDS
    return f"nothing was delivered for {_SWITCH_OFF_SECONDS // 86_400} days" if is_over else None


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


def _busy(now: int) -> sa.Select[Any]:
    """Returns a query of the webhooks to which a message is being sent."""
    return sa.select(deliveries.c.webhook_id).where(
        deliveries.c.state == WAITING, deliveries.c.claimed_until > now
    )


def _due(now: int) -> sa.Select[Any]:
    """Returns a query of the messages that are due.

    A webhook gets one message at a time, so that a slow receiver occupies only one thread.
    """
    return (
        sa.select(deliveries.c.id, deliveries.c.webhook_id)
        .join(webhooks, deliveries.c.webhook_id == webhooks.c.id)
        .where(
            _may_receive,
            deliveries.c.state == WAITING,
            deliveries.c.due_at <= now,
            deliveries.c.webhook_id.not_in(_busy(now)),
        )
    )


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
