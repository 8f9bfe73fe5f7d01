"""Signing a program in with a browser: it waits until a person allows it on a page of the hub (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.errors import ForbiddenError

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


def sign_in(hub: str, name: str, show: Callable[[answers.DeviceLogin], None]) -> str:
    """Waits until somebody signs this program in.

    Args:
      hub: URL of the hub.
      name: what the page and the list of tokens call the program.
      show: tells people the code and the page.

    Returns:
      The token.

    Raises:
      NotFoundError: the hub has no such sign-in, or nobody came in time.
      ForbiddenError: somebody refused it.
    """
    settings = client_settings(hub)
    path, what = "/api/v1/device-logins", f"sign-in at {hub}"
    waiting: answers.DeviceLogin = call(
        settings, "POST", path, what=what, json={"name": name}, idempotent=False
    )
    show(waiting)
    asked = {"device_code": waiting["device_code"]}
    while True:
        time.sleep(min(max(waiting["interval"], 1), 60))
        answer: answers.DeviceAnswer = call(
            settings, "POST", "/api/v1/device-tokens", what=what, json=asked, idempotent=False
        )
        if answer["secret"]:
            return answer["secret"]
        if answer["state"] != "pending":
            raise ForbiddenError(
                f"The sign-in of {name!r} was refused on the page.", hint="Begin again: `tfhub login`."
            )
