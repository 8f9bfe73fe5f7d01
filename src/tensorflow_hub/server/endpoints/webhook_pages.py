"""`/settings/webhooks` and `/settings/publishers/<publisher>/webhooks`: make webhooks, read their logs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import ChangeEvents, CreateWebhook, OfDelivery, OfWebhook, SwitchWebhook
from tensorflow_hub.api.requests import NewWebhook
from tensorflow_hub.server.catalogue.deliveries import list_deliveries
from tensorflow_hub.server.catalogue.webhooks import Webhook
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.people import webhooks
from tensorflow_hub.server.people.members import owned_publisher
from tensorflow_hub.server.web import webhook_pages

_SHOWN = 30


def show_webhooks(request: Request) -> Response:
    """Returns the page with the webhooks of a publisher or of the whole hub, and a form for a new one."""
    caller, name = signed_in_caller(request), request.path_params.get("publisher")
    with hub_of(request).database.reading() as connection:
        publisher = owned_publisher(connection, caller, name).name if name is not None else None
        found = webhooks.webhooks_of(connection, caller, publisher)
    return webhook_pages.webhooks(request, publisher, found)


def create_webhook(call: Call, fields: CreateWebhook) -> Response:
    """Makes a webhook. Only the page of this answer shows its secret."""
    wanted = NewWebhook(url=fields.url, publisher=fields.publisher or None, events=fields.events)
    with call.hub.database.writing() as connection:
        networks = call.hub.settings.webhook_networks
        made, secret = webhooks.make_webhook(connection, call.caller, wanted, networks)
        found = webhooks.webhooks_of(connection, call.caller, made.publisher)
    return webhook_pages.webhooks(call.request, made.publisher, found, secret)


def show_webhook(request: Request) -> Response:
    """Returns the page of a webhook and its log."""
    caller, number = signed_in_caller(request), request.path_params["webhook"]
    with hub_of(request).database.reading() as connection:
        webhook = webhooks.owned_webhook(connection, caller, number)
        log = list_deliveries(connection, webhook.id, _SHOWN)
    return webhook_pages.webhook(request, webhook, log)


def switch_webhook(call: Call, fields: SwitchWebhook) -> Response:
    """Switches a webhook on or off, or removes it."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, fields.webhook)
        if fields.to == "remove":
            webhooks.remove_webhook(connection, call.caller, webhook)
            return _to(_list_of(webhook))
        if fields.to not in {"on", "off"}:
            raise Missing(f"Expected on, off or remove, got {fields.to[:50]!r}.", hint="Use the buttons.")
        webhooks.change_webhook(connection, call.caller, webhook, active=fields.to == "on")
    return _to(f"/settings/webhooks/{webhook.id}")


def change_events(call: Call, fields: ChangeEvents) -> Response:
    """Chooses the events of a webhook."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, fields.webhook)
        webhooks.change_webhook(connection, call.caller, webhook, events=fields.events)
    return _to(f"/settings/webhooks/{webhook.id}")


def send_test(call: Call, fields: OfWebhook) -> Response:
    """Sends a test message."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, fields.webhook)
        webhooks.send_test(connection, webhook)
    return _to(f"/settings/webhooks/{webhook.id}")


def send_again(call: Call, fields: OfDelivery) -> Response:
    """Sends a message of the log again."""
    with call.hub.database.writing() as connection:
        webhook = webhooks.owned_webhook(connection, call.caller, fields.webhook)
        webhooks.send_again(connection, webhook, fields.delivery)
    return _to(f"/settings/webhooks/{webhook.id}")


def _list_of(webhook: Webhook) -> str:
    if webhook.publisher is None:
        return "/settings/webhooks"
    return f"/settings/publishers/{webhook.publisher}/webhooks"


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})
