"""The pages on which a user signs a program in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.catalogue.device_logins import DeviceLogin
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.web.account_pages import token_choices
from tensorflow_hub.server.web.rendering import render


def device(request: Request, caller: Caller, code: str, login: DeviceLogin | None) -> Response:
    """Returns the page `/device`: the form for the code, or after a known code, the question about access."""
    return render(
        request,
        "device.html",
        title="Sign a program in",
        code=code,
        login=login,
        base=base_url(request),
        **token_choices(caller),
    )


def answered(request: Request, login: DeviceLogin, *, allowed: bool) -> Response:
    """Returns the page after the user has allowed or refused access."""
    return render(request, "device_answered.html", title="Sign a program in", login=login, allowed=allowed)
