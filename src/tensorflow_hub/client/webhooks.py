"""The webhooks of a publisher or of a whole hub, and the log of their messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers

_PATH = "/api/v1/webhooks"
_ACCEPTED = frozenset({202})


def list_webhooks(
    publisher: str | None = None, *, hub: str | None = None, token: str | None = None
) -> Sequence[answers.Webhook]:
    """The webhooks of a publisher; None means the whole hub, or the only publisher of the token."""
    params = {"publisher": publisher} if publisher else {}
    answer: answers.Webhooks = call(
        client_settings(hub, token), "GET", _PATH, what="the webhooks", params=params
    )
    return answer["webhooks"]


def create_webhook(
    url: str,
    publisher: str | None,
    events: Sequence[str] = (),
    *,
    hub: str | None = None,
    token: str | None = None,
) -> answers.WebhookWithSecret:
    """Creates a webhook. Only this answer has its `secret`.

    Args:
      url: the URL that messages are sent to with POST.
      publisher: the publisher whose events are sent; None for the whole hub, which needs an administrator.
      events: of `"publish"`, `"withdraw"`, `"restore"`, `"delete"` and `"card"`; empty for all.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token of an owner of the publisher.
    """
    body = {"url": url, "publisher": publisher, "events": list(events)}
    made: answers.WebhookWithSecret = call(
        client_settings(hub, token), "POST", _PATH, what="a webhook", json=body, idempotent=False
    )
    return made


def change_webhook(
    number: int,
    *,
    events: Sequence[str] | None = None,
    active: bool | None = None,
    hub: str | None = None,
    token: str | None = None,
) -> answers.Webhook:
    """Changes the events of a webhook, or turns it on or off. None means no change."""
    body: dict[str, Any] = {"active": active, "events": None if events is None else list(events)}
    changed: answers.Webhook = call(
        client_settings(hub, token), "PATCH", f"{_PATH}/{number}", what=f"webhook {number}", json=body
    )
    return changed


def remove_webhook(number: int, *, hub: str | None = None, token: str | None = None) -> None:
    """Removes a webhook and its log."""
    call(client_settings(hub, token), "DELETE", f"{_PATH}/{number}", what=f"webhook {number}")


def list_deliveries(
    number: int, *, hub: str | None = None, token: str | None = None
) -> Sequence[answers.Delivery]:
    """The last messages of a webhook, newest first, with the answers of the receiver."""
    answer: answers.Deliveries = call(
        client_settings(hub, token), "GET", f"{_PATH}/{number}/deliveries", what=f"webhook {number}"
    )
    return answer["deliveries"]


def send_test(number: int, *, hub: str | None = None, token: str | None = None) -> answers.Delivery:
    """Asks the hub to send a message of the type `test`."""
    path, what = f"{_PATH}/{number}/tests", f"webhook {number}"
    sent: answers.Delivery = call(client_settings(hub, token), "POST", path, what=what, statuses=_ACCEPTED)
    return sent


def send_again(
    number: int, delivery: str, *, hub: str | None = None, token: str | None = None
) -> answers.Delivery:
    """Asks the hub to send a message again."""
    path, what = f"{_PATH}/{number}/deliveries/{delivery}/again", f"message {delivery}"
    sent: answers.Delivery = call(client_settings(hub, token), "POST", path, what=what, statuses=_ACCEPTED)
    return sent
