"""Webhooks and their messages, and mail to members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Count, Event, Time


class Webhook(TypedDict):
    """A URL to which the hub sends messages about events."""

    id: int
    publisher: Annotated[str | None, Meta(description="The publisher; null: events of the whole hub.")]
    url: str
    events: Sequence[Event]
    active: bool
    reason: Annotated[str, Meta(description="Why the hub has switched it off.")]
    failing_since: Annotated[Time | None, Meta(description="null: the last message was delivered.")]
    created_at: Time
    created_by: str


class WebhookWithSecret(Webhook):
    """A new webhook."""

    secret: Annotated[str, Meta(description="The secret to check signatures; only in this answer.")]


class Webhooks(TypedDict):
    """Webhooks without their secrets."""

    webhooks: Sequence[Webhook]


class Mail(TypedDict):
    """A member's subscription to mail about a publisher."""

    publisher: str
    address: str
    events: Sequence[Event]
    reason: Annotated[
        str, Meta(description="Why no mail is sent, for example because the address is not confirmed.")
    ]


class Mails(TypedDict):
    """A member's subscriptions to mail."""

    mail: Sequence[Mail]


class Delivery(TypedDict):
    """A message to a webhook."""

    id: Annotated[str, Meta(description="The header `webhook-id`.")]
    event: Annotated[str, Meta(description="publish, withdraw, …, or test.")]
    handle: Annotated[str, Meta(description="The version; empty for a test.")]
    at: Annotated[Time, Meta(description="The time of the event.")]
    state: Annotated[str, Meta(extra_json_schema={"enum": ["waiting", "delivered", "failed"]})]
    attempts: Count
    tried_at: Time | None
    next_at: Annotated[Time | None, Meta(description="The earliest time of the next attempt.")]
    status: Annotated[int | None, Meta(description="HTTP status of the last answer; null: no answer.")]
    answer: Annotated[str, Meta(description="The start of the answer, or why there was none.")]


class Deliveries(TypedDict):
    """The last messages of a webhook, the newest first."""

    deliveries: Sequence[Delivery]
