"""The JSON body and the signature of a message to a webhook, as Standard Webhooks 1.0 specifies them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.deliveries import Delivery
from tensorflow_hub.server.catalogue.webhooks import PREFIX
from tensorflow_hub.server.core.json_forms import iso


def body_of(delivery: Delivery, publisher: str | None, base: str) -> bytes:
    """Returns the JSON body of a message. It is the same each time that the message is sent.

    Args:
      delivery: the message.
      publisher: the publisher of the webhook; None for a webhook of the whole hub.
      base: the URL of the hub.
    """
    data: dict[str, object] = {"publisher": publisher}
    if delivery.handle:
        name = ModelName.parse(delivery.handle)
        data = {
            "handle": delivery.handle,
            "url": f"{base}/{delivery.handle}",
            "publisher": name.publisher,
            "model": name.model,
            "version": name.version,
            "reason": delivery.detail.get("reason") or "",
            "deployment": delivery.detail.get("deployment"),
            "digest": delivery.detail.get("digest"),
        }
    message = {"type": delivery.action, "timestamp": iso(delivery.at), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(delivery_id: str, body: bytes, secret: str, at: int | None = None) -> dict[str, str]:
    """Returns the headers with the signature, by which the receiver verifies the sender and the time.

    Args:
      delivery_id: the id of the message.
      body: the JSON body.
      secret: the secret of the webhook, `whsec_…`.
      at: when it is sent, in seconds since 1970; None for now.

    >>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of the specification's libraries
    >>> id, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    >>> headers_of(id, body, secret, 1614265330)["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    timestamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((delivery_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
        "user-agent": "tensorflow-hub-webhook",
    }
