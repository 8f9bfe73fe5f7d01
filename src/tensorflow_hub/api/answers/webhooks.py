"""Webhooks and their messages, and mail to members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Count, Event, Time


class Webhook(TypedDict):
    """A URL that is told of what is done."""

    id: int
    publisher: Annotated[str | None, Meta(description="Whose events; null: of the whole hub.")]
    url: str
    events: Sequence[Event]
    active: bool
    reason: Annotated[str, Meta(description="Why it is switched off.")]
    failing_since: Annotated[Time | None, Meta(description="null: the last message was delivered.")]
    created_at: Time
    created_by: str


class WebhookWithSecret(Webhook):
    """A webhook that was just made."""

    secret: Annotated[str, Meta(description="To check signatures with; only in this answer.")]


class Webhooks(TypedDict):
    """Webhooks without their secrets."""

    webhooks: Sequence[Webhook]


class Mail(TypedDict):
    """Mail that a member gets about a publisher."""

    publisher: str
    address: str
    events: Sequence[Event]
    reason: Annotated[str, Meta(description="Why none is sent, for example until the address is confirmed.")]


class Mails(TypedDict):
    """The mail that a member gets, for each publisher."""

    mail: Sequence[Mail]


class Delivery(TypedDict):
    """A message to a webhook."""

    id: Annotated[str, Meta(description="The header `webhook-id`.")]
    event: Annotated[str, Meta(description="publish, withdraw, …, or test.")]
    handle: Annotated[str, Meta(description="Of the version; empty for a test.")]
    at: Annotated[Time, Meta(description="When it was done.")]
    state: Annotated[str, Meta(extra_json_schema={"enum": ["waiting", "delivered", "failed"]})]
    attempts: Count
    tried_at: Time | None
    next_at: Annotated[Time | None, Meta(description="The next attempt, at the earliest.")]
    status: Annotated[int | None, Meta(description="Of the last answer; null: none came.")]
    answer: Annotated[str, Meta(description="How it begins, or why none came.")]


class Deliveries(TypedDict):
    """The last messages of a webhook, the newest first."""

    deliveries: Sequence[Delivery]
