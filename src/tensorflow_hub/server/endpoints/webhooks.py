"""`/api/v1/webhooks`: make, list, change and remove webhooks, and read their logs."""

from __future__ import annotations

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import NewWebhook, OfDelivery, OfWebhook, WebhookChange, WithinPublisher
from tensorflow_hub.server.catalogue.deliveries import WAITING, Delivery, find_delivery, list_deliveries
from tensorflow_hub.server.catalogue.webhooks import Webhook
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import iso, iso_or_none
from tensorflow_hub.server.endpoints.publisher_of import own_or_asked
from tensorflow_hub.server.people import webhooks


def list_webhooks(call: Call, query: WithinPublisher) -> Answer[answers.Webhooks]:
    """Returns the webhooks of a publisher (`?publisher=`), or for administrators those of the whole hub."""
    with call.hub.database.reading() as connection:
        found = webhooks.webhooks_of(connection, call.caller, own_or_asked(call, {"query": query}))
    return Answer({"webhooks": [_json(webhook) for webhook in found]})


def create_webhook(call: Call, body: NewWebhook) -> Answer[answers.WebhookWithSecret]:
    """Makes a webhook. Only this answer has its secret."""
    with call.hub.database.writing() as connection:
        networks = call.hub.settings.webhook_networks
        made, secret = webhooks.make_webhook(connection, call.caller, body, networks)
    return Answer({**_json(made), "secret": secret}, 201)


def change_webhook(call: Call, path: OfWebhook, body: WebhookChange) -> Answer[answers.Webhook]:
    """Changes the events of a webhook, or switches it on or off."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, path.webhook)
        changed = webhooks.change_webhook(connection, call.caller, webhook, body.events, body.active)
    return Answer(_json(changed))


def remove_webhook(call: Call, path: OfWebhook) -> Answer[None]:
    """Removes a webhook and its log."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, path.webhook)
        webhooks.remove_webhook(connection, call.caller, webhook)
    return Answer(None, 204)


def show_log(call: Call, path: OfWebhook) -> Answer[answers.Deliveries]:
    """Returns the latest messages of a webhook."""
    with call.hub.database.reading() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, path.webhook)
        found = list_deliveries(connection, webhook.id)
    return Answer({"deliveries": [_delivery_json(delivery) for delivery in found]})


def send_test(call: Call, path: OfWebhook) -> Answer[answers.Delivery]:
    """Sends a test message."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, path.webhook)
        delivery = webhooks.send_test(connection, webhook)
    return Answer(_delivery_json(delivery), 202)


def send_again(call: Call, path: OfDelivery) -> Answer[answers.Delivery]:
    """Sends a message again."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, path.webhook)
        webhooks.send_again(connection, webhook, path.delivery)
        delivery = find_delivery(connection, webhook.id, path.delivery)
        assert delivery is not None
    return Answer(_delivery_json(delivery), 202)


def _json(webhook: Webhook) -> answers.Webhook:
    return {
        "id": webhook.id,
        "publisher": webhook.publisher,
        "url": webhook.url,
        "events": list(webhook.events),
        "active": webhook.off_at is None,
        "reason": webhook.off_reason,
        "failing_since": iso_or_none(webhook.failing_since),
        "created_at": iso(webhook.created_at),
        "created_by": webhook.created_by,
    }


def _delivery_json(delivery: Delivery) -> answers.Delivery:
    return {
        "id": delivery.id,
        "event": delivery.action,
        "handle": delivery.handle,
        "at": iso(delivery.at),
        "state": delivery.state,
        "attempts": delivery.attempts,
        "tried_at": iso_or_none(delivery.tried_at),
        "next_at": iso(delivery.due_at) if delivery.state == WAITING else None,
        "status": delivery.status,
        "answer": delivery.answer,
    }
