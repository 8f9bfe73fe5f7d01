"""The webhooks of a publisher, or of a whole hub: list, make, change and remove them, and read their log."""

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
    """The webhooks of a publisher; without it those of the whole hub, or of the token's only publisher."""
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
    """Makes a webhook; its `secret` is in the answer and cannot be asked for again.

    Args:
      url: where messages are sent by POST.
      publisher: whose events it is told; None for the whole hub, which takes an administrator.
      events: of `"publish"`, `"withdraw"`, `"restore"`, `"delete"` and `"card"`; empty for all.
      hub: URL of the hub; default `TFHUB_URL`.
      token: the right to do so: of an owner of the publisher.
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
    """Chooses other events, or switches a webhook on or off; None leaves it as it is."""
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
    """The last messages of a webhook, the newest first, with what the receiver answered."""
    answer: answers.Deliveries = call(
        client_settings(hub, token), "GET", f"{_PATH}/{number}/deliveries", what=f"webhook {number}"
    )
    return answer["deliveries"]


def send_test(number: int, *, hub: str | None = None, token: str | None = None) -> answers.Delivery:
    """Has the hub send a message of the type `test`."""
    path, what = f"{_PATH}/{number}/tests", f"webhook {number}"
    sent: answers.Delivery = call(client_settings(hub, token), "POST", path, what=what, statuses=_ACCEPTED)
    return sent


def send_again(
    number: int, delivery: str, *, hub: str | None = None, token: str | None = None
) -> answers.Delivery:
    """Has the hub send a message once more."""
    path, what = f"{_PATH}/{number}/deliveries/{delivery}/again", f"message {delivery}"
    sent: answers.Delivery = call(client_settings(hub, token), "POST", path, what=what, statuses=_ACCEPTED)
    return sent
