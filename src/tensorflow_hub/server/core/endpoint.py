"""Declares endpoints of the API. The routes, checks, OpenAPI description and help pages use them.

The types of a handler's arguments describe the request:

    def start_upload(call: Call, body: NewUpload) -> Answer[answers.Upload]: ...

`path`, `query` and `headers` are parameters, `body` is the JSON body, or a `Stream` of bytes.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tensorflow_hub.errors import HubError
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.core.addresses import address_of
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.decoding import decode_body, decode_parameters
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.limits import Limit, source_of
from tensorflow_hub.server.core.problems import OUR_ERRORS, ErrorForm, Malformed
from tensorflow_hub.server.core.requests import read_body
from tensorflow_hub.server.core.rights import require, require_known

T = TypeVar("T")
Arguments = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Call:
    """A request of the API with the hub, the caller, and the base URL of the hub as the caller sees it."""

    request: Request
    hub: Hub
    caller: Caller
    base: str


@dataclasses.dataclass(frozen=True)
class Answer(Generic[T]):
    """The result of a handler: a JSON body or None, the status, and additional headers."""

    body: T
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Stream:
    """A body of bytes, which the handler reads from `call.request`."""


@dataclasses.dataclass(frozen=True)
class Rights:
    """The rights that a caller needs.

    Attributes:
      scope: the scope that the token needs; "" for any token.
      publisher: a function that finds the request's publisher, for which the scope is needed. If it is None
        or returns None, the scope is needed for the whole hub.
      also: more conditions, which the handler checks; for the documentation.
    """

    scope: str = ""
    publisher: Callable[[Call, Arguments], str | None] | None = None
    also: str = ""

    def __str__(self) -> str:
        whose = "the publisher" if self.publisher else "all publishers"
        text = f"scope {self.scope} for {whose}" if self.scope else "any token"
        return f"{text}; {self.also}" if self.also else text

    def check(self, call: Call, arguments: Arguments) -> None:
        """Raises an error if the caller does not have the rights."""
        if self.scope:
            require(call.caller, self.scope, self.publisher(call, arguments) if self.publisher else None)


@dataclasses.dataclass(frozen=True, eq=False)
class Endpoint:
    """An endpoint: a method and path with its handler.

    Attributes:
      method: the HTTP method, for example `"POST"`.
      path: the path in Starlette's notation, for example `/api/v1/models/{handle:path}`.
      handler: the function that answers. It runs in a thread, unless it is a coroutine function; and again
        if its transaction failed because of another one.
      summary: what the endpoint does, for the documentation.
      answers: status of success → its meaning, for the documentation.
      rights: the rights that a caller needs; None if no token is needed.
      limits: the rate limits, for each token, or for each address without a token.
      ignores_token: whether to ignore the caller's token, because callers do not have a valid one yet.
      largest_body: the largest JSON body, in bytes; None for the setting `max_request`.
      errors: the format of errors.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    summary: str
    answers: Mapping[int, str]
    rights: Rights | None = None
    limits: tuple[Limit, ...] = ()
    ignores_token: bool = False
    largest_body: int | None = None
    errors: ErrorForm = OUR_ERRORS

    @functools.cached_property
    def arguments(self) -> dict[str, Any]:
        """Returns part of the request (`path`, `query`, `headers`, `body`) → its type."""
        hints = typing.get_type_hints(self.handler)
        return {name: kind for name, kind in hints.items() if name not in {"call", "return"}}

    @functools.cached_property
    def answer_type(self) -> Any:
        """Returns the type of the body of a successful answer."""
        [kind] = typing.get_args(typing.get_type_hints(self.handler)["return"])
        return kind

    def route(self) -> Route:
        """Returns the Starlette route."""
        has_body = self.arguments.get("body", Stream) is not Stream
        is_async = inspect.iscoroutinefunction(self.handler)
        answer = self._answer_later if has_body or is_async else self._answer
        if self.errors is not OUR_ERRORS:
            answer = self._answer_with_own_errors
        named = functools.wraps(self.handler)(functools.partial(answer))
        return Route(self.path, named, methods=[self.method])

    def _answer(self, request: Request) -> Response:
        call, arguments = self._call(request), self._parameters(request)
        return self._finish(call, arguments)

    async def _answer_later(self, request: Request) -> Response:
        """Answers a request that has a body or an asynchronous handler."""
        # Only with a token, the database has to be queried, which blocks.
        has_token = "authorization" in request.headers
        call = await run_in_threadpool(self._call, request) if has_token else self._call(request)
        arguments = self._parameters(request)
        if self.arguments.get("body", Stream) is not Stream:
            data = await read_body(request, self.largest_body)
            arguments["body"] = decode_body(data, self.arguments["body"])
        if not inspect.iscoroutinefunction(self.handler):
            return await run_in_threadpool(self._finish, call, arguments)
        if self.rights is not None or self.limits:
            await run_in_threadpool(self._check, call, arguments)
        return self._response(await self.handler(call, **arguments))

    async def _answer_with_own_errors(self, request: Request) -> Response:
        try:
            return await self._answer_later(request)
        except HubError as error:
            return self.errors.answer(error)

    def _finish(self, call: Call, arguments: dict[str, Any]) -> Response:
        self._check(call, arguments)
        return self._response(repeat_after_conflicts(lambda: self.handler(call, **arguments)))

    def _call(self, request: Request) -> Call:
        caller = Caller(None, address_of(request)) if self.ignores_token else caller_of(request)
        if self.rights is not None:  # now, so that bodies of unknown callers are not read
            require_known(caller)
        return Call(request, hub_of(request), caller, base_url(request))

    def _parameters(self, request: Request) -> dict[str, Any]:
        sources = {"path": request.path_params, "query": request.query_params, "headers": request.headers}
        self._refuse_unknown(request)
        found: dict[str, Any] = {
            place: decode_parameters(sources[place], kind)
            for place, kind in self.arguments.items()
            if place in sources
        }
        if self.arguments.get("body") is Stream:
            found["body"] = Stream()
        return found

    def _refuse_unknown(self, request: Request) -> None:
        """Raises an error for an unknown parameter: without it, a misspelt filter would be ignored."""
        kind = self.arguments.get("query")
        known = getattr(kind, "described", kind).__struct_encode_fields__ if kind else ()
        unknown = next((name for name in request.query_params if name not in known), None)
        if unknown is not None:
            hint = f"Known: {', '.join(known)}." if known else "It takes no parameters."
            raise Malformed(f"The parameter {unknown[:100]!r} is not known here.", hint=hint)

    def _check(self, call: Call, arguments: Arguments) -> None:
        if self.rights is not None:
            self.rights.check(call, arguments)
        token = call.caller.token
        for limit in self.limits:
            call.hub.limits.count(limit, str(token.id) if token else source_of(call.caller.address))

    def _response(self, answer: Answer[Any]) -> Response:
        headers = {"Cache-Control": "no-store"}
        if self.rights is None:
            headers = {"Cache-Control": "no-cache", "Vary": "Authorization"}
        headers.update(answer.headers)
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        body = msgspec.json.encode(answer.body)
        return Response(body, answer.status, headers, media_type="application/json")
