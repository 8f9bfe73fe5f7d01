"""The pages about webhooks: those of a publisher or of the whole hub, and the log of one webhook."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.server.catalogue.deliveries import WAITING, Delivery
from tensorflow_hub.server.catalogue.webhooks import Webhook
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.web.rendering import render, show_day


def webhooks(request: Request, publisher: str | None, found: Sequence[Webhook], secret: str = "") -> Response:
    """Returns the page with the webhooks of a publisher or of the whole hub, with the secret of a new one."""
    shown = [
        {
            "id": webhook.id,
            "host": urllib.parse.urlsplit(webhook.url).netloc,
            "events": ", ".join(webhook.events) if len(webhook.events) < len(EVENTS) else "all",
            "state": _state(webhook),
        }
        for webhook in found
    ]
    return render(
        request,
        "webhooks.html",
        status=201 if secret else 200,
        title=f"Webhooks of {publisher or 'the whole hub'}",
        publisher=publisher or "",
        webhooks=shown,
        secret=secret,
        events=EVENTS,
    )


def webhook(request: Request, shown: Webhook, log: Sequence[Delivery]) -> Response:
    """Returns the page `/settings/webhooks/<number>`."""
    deliveries = [
        {
            "id": delivery.id,
            "event": delivery.action,
            "handle": delivery.handle,
            "at": _moment(delivery.at),
            "state": delivery.state,
            "attempts": delivery.attempts,
            "next": _moment(delivery.due_at) if delivery.state == WAITING else "",
            "status": delivery.status,
            "answer": delivery.answer,
        }
        for delivery in log
    ]
    return render(
        request,
        "webhook.html",
        title=f"Webhook {shown.id}",
        publisher=shown.publisher or "",
        webhook=shown,
        choices=EVENTS,
        state=_state(shown),
        made=show_day(shown.created_at),
        deliveries=deliveries,
    )


def _state(webhook: Webhook) -> str:
    if webhook.off_at is not None:
        return f"off since {show_day(webhook.off_at)}: {webhook.off_reason}"
    return f"failing since {_moment(webhook.failing_since)}" if webhook.failing_since else "on"


def _moment(seconds: int) -> str:
    return iso(seconds).replace("T", " ").removesuffix("Z")
