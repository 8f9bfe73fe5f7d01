"""Signing in a program with a browser on any device: the device authorization grant (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.errors import ForbiddenError

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


def sign_in(hub: str, name: str, show: Callable[[answers.DeviceLogin], None]) -> str:
    """Waits until a person allows this program on a page of the hub.

    Args:
      hub: the URL of the hub.
      name: the name of the program on the page and in the list of tokens.
      show: a function that shows the code and the URL of the page to the user.

    Returns:
      The token.

    Raises:
      NotFoundError: the hub has no such sign-in, or nobody allowed it in time.
      ForbiddenError: a person refused it.
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
                f"Expected the sign-in of {name!r} to be allowed, but it was refused on the page.",
                hint="Run `tfhub login` again.",
            )
