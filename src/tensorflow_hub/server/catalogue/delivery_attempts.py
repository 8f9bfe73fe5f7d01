"""Takes messages from the queue, and records what came of sending them.

All processes of a hub send messages. A process claims a message before it sends it. If the process dies, or
cannot record the outcome, the message is sent again after `LEASE_SECONDS`. It has the same id, by which
receivers recognise duplicates.
"""

from __future__ import annotations

import dataclasses
import random
import time
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.deliveries import (
    DELIVERED,
    FAILED,
    MAY_RECEIVE,
    WAITING,
    Delivery,
    find_deliveries,
    find_delivery,
    list_waiting,
)
from tensorflow_hub.server.catalogue.tables import deliveries, publishers, webhooks

# How long a process owns a message that it has claimed; longer than any attempt to send takes.
LEASE_SECONDS = 300
# Seconds to wait after the first, second, … failed attempt. After the last one, a day later, the message has
# failed.
DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
# A webhook is switched off when a message has failed, and none was delivered for so many seconds.
_SWITCH_OFF_SECONDS = 5 * 86_400
# How many events a mail contains at most.
_MAX_IN_MAIL = 50
_GONE = 410


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


_target = (
    sa.select(webhooks.c.url, webhooks.c.secret, publishers.c.name)
    .select_from(webhooks.outerjoin(publishers))
    .where(webhooks.c.id == sa.bindparam("id"))
)


def has_due(connection: sa.Connection) -> bool:
    """Whether a message is due now. Takes no lock, so that polling does not delay writers."""
    return connection.execute(_due(int(time.time())).limit(1)).first() is not None


def claim_delivery(connection: sa.Connection) -> tuple[Delivery, Target] | None:
    """Claims the message that has been due for the longest time, and of messages due together the oldest.

    Returns None if none is due, or if another process changes the message at this moment.
    """
    now = int(time.time())
    # Only the receiver is locked. With a lock on the message too, PostgreSQL would skip a message that
    # another process is about to claim, and return a later one of the same receiver.
    locked = _due(now).limit(1).with_for_update(skip_locked=True, of=webhooks)
    receiver = connection.execute(locked).first()
    if receiver is None:
        return None
    # Until the lock, another process may have claimed or sent a message to this receiver. This second query
    # sees that.
    found = connection.execute(
        _due(now).where(deliveries.c.webhook_id == receiver.webhook_id).limit(1)
    ).first()
    if found is None:
        return None
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == found.id)
        .values(claimed_until=now + LEASE_SECONDS, attempts=deliveries.c.attempts + 1, tried_at=now)
    )
    delivery = find_delivery(connection, found.webhook_id, found.id)
    if delivery is None:  # it was too old for the log, and was removed
        return None
    return delivery, Target(*connection.execute(_target, {"id": found.webhook_id}).one())


def claim_others(connection: sa.Connection, delivery: Delivery) -> list[Delivery]:
    """Claims the other messages that wait for the same receiver.

    Returns `delivery` and these, for one mail, the oldest event first.
    """
    others = list_waiting(connection, delivery.webhook_id, _MAX_IN_MAIL - 1)
    ids = [other.id for other in others]
    values = {"claimed_until": delivery.claimed_until, "tried_at": delivery.tried_at}
    claimed = sa.update(deliveries).where(deliveries.c.id.in_(ids))
    connection.execute(claimed.values(attempts=deliveries.c.attempts + 1, **values))
    return find_deliveries(connection, delivery.webhook_id, [delivery.id, *ids])


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


def _busy(now: int) -> sa.Select[Any]:
    """Returns a query of the webhooks to which a message is being sent."""
    return sa.select(deliveries.c.webhook_id).where(
        deliveries.c.state == WAITING, deliveries.c.claimed_until > now
    )


def _due(now: int) -> sa.Select[Any]:
    """Returns a query of the messages that are due, in the order in which they are sent.

    A webhook gets one message at a time, so that a slow receiver occupies only one thread.
    """
    return (
        sa.select(deliveries.c.id, deliveries.c.webhook_id)
        .join(webhooks, deliveries.c.webhook_id == webhooks.c.id)
        .where(
            MAY_RECEIVE,
            deliveries.c.state == WAITING,
            deliveries.c.due_at <= now,
            deliveries.c.webhook_id.not_in(_busy(now)),
        )
        .order_by(deliveries.c.due_at, deliveries.c.audit_id)
    )
