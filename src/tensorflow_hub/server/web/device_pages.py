"""The page on which a person signs a program in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.catalogue.device_logins import DeviceLogin
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.web.account_pages import token_choices
from tensorflow_hub.server.web.rendering import render


def device(request: Request, caller: Caller, code: str, login: DeviceLogin | None) -> Response:
    """`/device`: the question whether a program may have a token, where the code is one that is shown."""
    return render(
        request,
        "device.html",
        title="Sign a program in",
        code=code,
        login=login,
        **token_choices(caller),
    )


def answered(request: Request, login: DeviceLogin, *, allowed: bool) -> Response:
    """What was said."""
    return render(request, "device_answered.html", title="Sign a program in", login=login, allowed=allowed)
