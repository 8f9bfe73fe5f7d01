"""Declares forms of the pages, and checks what a browser sends before the handler gets it.

The types of a handler's arguments describe the fields:

    def sign_in(call: Call, fields: SignIn) -> Response: ...

A form is accepted only with the token that this hub has sent to the same browser (see `core/cookies.py`).
"""

from __future__ import annotations

import dataclasses
import functools
import typing
import urllib.parse
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tensorflow_hub.errors import AuthenticationError, ForbiddenError
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import session_caller
from tensorflow_hub.server.core.cookies import has_form_token
from tensorflow_hub.server.core.decoding import decode_parameters
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.multipart import MEDIA_TYPE as WITH_FILES
from tensorflow_hub.server.core.multipart import SentForm, read_multipart
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.requests import read_body

_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 50


@dataclasses.dataclass(frozen=True, eq=False)
class Form:
    """A form of a page.

    Attributes:
      path: the path to which it is sent.
      handler: the function that answers, in a thread; and again if its transaction failed because of another
        one.
      for_all: whether users who are not signed in may send it.
      has_files: whether it may contain files, which the handler gets as `files`, by the name of their field.
    """

    path: str
    handler: Callable[..., Response]
    for_all: bool = False
    has_files: bool = False

    @functools.cached_property
    def fields(self) -> Any:
        """Returns the type of the fields."""
        return typing.get_type_hints(self.handler)["fields"]

    def route(self) -> Route:
        """Returns the Starlette route."""
        return Route(
            self.path, functools.wraps(self.handler)(functools.partial(self._answer)), methods=["POST"]
        )

    async def _answer(self, request: Request) -> Response:
        body = await read_body(request)
        return await run_in_threadpool(self._checked, request, body)

    def _checked(self, request: Request, body: bytes) -> Response:
        sent = _read_form(request, body, has_files=self.has_files)
        _check_origin(request)
        caller = request.state.caller = session_caller(request)
        if not caller.is_known and not self.for_all:
            raise AuthenticationError(
                "Nobody is signed in with this browser, or the session has ended.",
                hint="Sign in, then send the form again.",
            )
        if not has_form_token(request, sent.texts.pop("form_token", "")):
            raise ForbiddenError(
                "Expected the form token that this hub has sent to this browser, got none or another one.",
                hint="Allow cookies of this hub, load the page again, then send the form again.",
            )
        call = Call(request, hub_of(request), caller, base_url(request))
        values = {**sent.texts, **request.path_params}  # a field must not replace a parameter of the path
        files = {"files": sent.files} if self.has_files else {}
        fields = decode_parameters(values, self.fields)
        return repeat_after_conflicts(lambda: self.handler(call, fields=fields, **files))


def _read_form(request: Request, body: bytes, *, has_files: bool) -> SentForm:
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if has_files and media_type == WITH_FILES:
        return read_multipart(content_type, body)
    if media_type != _MEDIA_TYPE:
        raise Malformed(
            f"Expected a form as {_MEDIA_TYPE}, got {media_type or 'another kind of body'!r}.",
            hint="Programs use the API: see /help/api.",
        )
    try:
        pairs = urllib.parse.parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Malformed(f"Expected a form that can be read: {error}.", hint="Load its page again.") from error
    return SentForm(dict(pairs), {})


def _check_origin(request: Request) -> None:
    """Refuses a request if the browser says that another site caused it."""
    base, origin = base_url(request), request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if (origin is not None and origin != base) or site not in {"same-origin", "none"}:
        raise ForbiddenError(
            f"Expected a form from a page of {base}, got one from {(origin or 'another site')[:200]!r}.",
            hint="Open the hub at that address. Behind a proxy, set TFHUB_SERVER_PUBLIC_URL and "
            "TFHUB_SERVER_TRUSTED_PROXIES.",
        )
