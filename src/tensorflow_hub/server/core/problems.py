"""Turns errors into HTTP answers: a status, headers and a JSON body. Pages for errors are made in `web/`.

The body: {"error": {"code": "not_found", "message": "…", "hint": "…", "suggestions": ["…"]}}
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse

from tensorflow_hub import errors
from tensorflow_hub.api import answers
from tensorflow_hub.api.headers import UPLOAD_OFFSET


class Missing(errors.NotFoundError):
    """Nothing is published at a name; similar names are suggested."""

    def __init__(self, problem: str, *, hint: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(problem, hint=hint)
        self.suggestions = tuple(suggestions)


class Unknown(Missing):
    """Nothing that the caller may see is published at a name, and no name is similar."""


class Gone(errors.NotFoundError):
    """A version was deleted by an administrator; other versions are suggested."""

    def __init__(self, problem: str, *, hint: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(problem, hint=hint)
        self.suggestions = tuple(suggestions)


class NotOffered(errors.NotFoundError):
    """This hub has a version, but not in the requested form."""


class Malformed(errors.RejectedError):
    """A request does not have the form that the API describes."""


class WrongOffset(errors.RejectedError):
    """A part of an upload does not start where the last one ended."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(
            f"Expected the part of the upload that starts at byte {expected}, got one that starts at {got}.",
            hint="Send HEAD to the URL of the upload: Upload-Offset says where to continue.",
        )
        self.expected = expected


class TooLarge(errors.LimitError):
    """A request exceeds a size limit of the hub."""


class TooManyRequests(errors.LimitError):
    """A caller exceeds a rate limit of the hub."""

    def __init__(self, what: str, seconds: float) -> None:
        self.seconds = math.ceil(seconds)
        super().__init__(
            f"This hub got too many {what}.", hint=f"Try again in {self.seconds} s, or ask its administrator."
        )


class Unavailable(errors.UnreachableError):
    """The database, the store or the upstream hub does not work at the moment."""


class NoSpace(Unavailable):
    """The disk of the hub, of its database or of its store is full."""


class FeedNeedsToken(errors.AuthenticationError):
    """A feed is private or does not exist. Both get the same answer, to hide private publishers."""


# (class of the error, status, code). The first class that matches decides.
ANSWERS: tuple[tuple[type[errors.HubError], int, str], ...] = (
    (Gone, 410, "gone"),
    (NotOffered, 406, "not_offered"),
    (errors.NotFoundError, 404, "not_found"),
    (NoSpace, 507, "no_space"),
    (Unavailable, 503, "unavailable"),
    (errors.UnreachableError, 502, "upstream"),
    (errors.AuthenticationError, 401, "unauthenticated"),
    (errors.ForbiddenError, 403, "forbidden"),
    (WrongOffset, 409, "wrong_offset"),
    (errors.ConflictError, 409, "conflict"),
    (TooManyRequests, 429, "too_many_requests"),
    (errors.LimitError, 413, "too_large"),
    (Malformed, 400, "malformed"),
    (errors.HandleError, 400, "malformed"),
    (errors.RejectedError, 422, "rejected"),
    (errors.FormatError, 422, "rejected"),
    (errors.ResolveError, 502, "upstream"),
    (errors.HubError, 500, "internal"),
)


def status_of(error: errors.HubError) -> tuple[int, str]:
    """Returns the HTTP status and the code of an error."""
    return next((status, code) for kind, status, code in ANSWERS if isinstance(error, kind))


def headers_of(error: errors.HubError) -> dict[str, str]:
    """Returns the headers of the answer for an error."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.AuthenticationError):
        scheme = "Basic" if isinstance(error, FeedNeedsToken) else "Bearer"  # feed readers know only Basic
        headers["WWW-Authenticate"] = f'{scheme} realm="tensorflow-hub"'
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.seconds)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "5"
    if isinstance(error, WrongOffset):
        headers[UPLOAD_OFFSET] = str(error.expected)
    return headers


def body_of(error: errors.HubError) -> Mapping[str, Any]:
    """Returns the JSON body of the answer for an error."""
    _, code = status_of(error)
    body: dict[str, Any] = {"code": code, "message": error.problem, "hint": error.hint}
    if isinstance(error, Missing | Gone) and error.suggestions:
        body["suggestions"] = list(error.suggestions)
    if isinstance(error, errors.CardError) and error.line is not None:
        body["line"] = error.line
    return {"error": body}


def serving_answer(error: errors.HubError) -> JSONResponse:
    """Returns the answer for clients of TensorFlow Serving, with message and hint in one text."""
    body = {"error": f"{error.problem} {error.hint}"}
    return JSONResponse(body, status_code=status_of(error)[0], headers=headers_of(error))


@dataclasses.dataclass(frozen=True)
class ErrorForm:
    """The format of an endpoint's errors: the type of the body, and a function that makes the answer."""

    body: Any
    answer: Callable[[errors.HubError], JSONResponse]


def json_answer(error: errors.HubError) -> JSONResponse:
    """Returns the answer for an error, as JSON."""
    return JSONResponse(body_of(error), status_code=status_of(error)[0], headers=headers_of(error))


OUR_ERRORS = ErrorForm(answers.Error, json_answer)
SERVING_ERRORS = ErrorForm(answers.ServingError, serving_answer)
