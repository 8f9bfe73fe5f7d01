"""Answers of a server, and failures to get one, turned into errors that say what to do."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tensorflow_hub import errors
from tensorflow_hub.network.credentials import host_of

if TYPE_CHECKING:
    import requests

_LONGEST_BODY = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Refusal:
    """What a hub says about a request it refuses: `{"error": {…}}` in JSON."""

    code: str = ""
    message: str = ""
    hint: str = ""
    suggestions: tuple[str, ...] = ()


def read_refusal(response: requests.Response) -> Refusal:
    """Reads the error document of a hub; empty when the server sent none."""
    try:
        body = (
            response.raw.read(_LONGEST_BODY, decode_content=True)
            if not response._content
            else response.content
        )
        import json

        found = json.loads(body)["error"]
        return Refusal(
            code=_text(found, "code"),
            message=_text(found, "message"),
            hint=_text(found, "hint"),
            suggestions=tuple(str(item) for item in found.get("suggestions") or ())[:5],
        )
    except Exception:
        return Refusal()


def read_body(response: requests.Response, largest: int) -> bytes:
    """Reads the body of an answer asked for with `stream=True`, and closes it.

    Args:
      response: the answer.
      largest: how many bytes it may have, decompressed: a server must not fill our memory.

    Raises:
      RequestError: it has more.
      UnreachableError: it broke off.
    """
    body = bytearray()
    try:
        for chunk in response.iter_content(1 << 16):
            body += chunk
            if len(body) > largest:
                raise errors.RequestError(
                    f"Expected at most {largest:,} bytes from {shown_url(response.url)}, got more.",
                    hint="Check that the address is that of a hub.",
                )
    except (OSError, ValueError) as failure:  # all of requests' own are OSErrors
        if isinstance(failure, errors.HubError):
            raise
        raise error_of_failure(failure, response.url) from failure
    finally:
        response.close()
    return bytes(body)


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return value[:1000] if isinstance(value, str) else ""


def error_of(response: requests.Response, what: str) -> errors.HubError:
    """The error that an answer other than success stands for.

    Args:
      response: the answer; its body is read when it was not yet.
      what: what was asked for, for the message: a handle or a URL.
    """
    refusal = read_refusal(response)
    host, status = host_of(response.url).removesuffix(":443").removesuffix(":80"), response.status_code
    kind, problem, hint = _meaning(status, host, what)
    if status in {404, 410} and refusal.suggestions:
        hint = f"Did you mean {' or '.join(map(repr, refusal.suggestions))}?"
    elif refusal.hint:
        hint = refusal.hint
    if refusal.code and refusal.message:
        # A hub knows more than its status tells; both sentences would say the same twice.
        problem = refusal.message
    elif refusal.message:  # of a server that is no hub, whose words alone may mean nothing to the reader
        problem += f" It says: {refusal.message}"
    return kind(problem, hint=hint)


def _meaning(status: int, host: str, what: str) -> tuple[type[errors.HubError], str, str]:
    if status == 404:
        return (
            errors.NotFoundError,
            f"Nothing is published at {what!r} ({host} answers 404).",
            "Check the spelling and the version; `tfhub search` lists what a hub has.",
        )
    if status == 410:
        return (
            errors.NotFoundError,
            f"{what!r} was removed from {host} (410).",
            "Ask its publisher for another version; `tfhub search` lists what a hub has.",
        )
    if status == 401:
        return (
            errors.AuthenticationError,
            f"{host} wants to know who asks for {what!r} (401).",
            f"Run `tfhub login {host}`, or set TFHUB_TOKEN for the hub in TFHUB_URL.",
        )
    if status == 403:
        return (
            errors.ForbiddenError,
            f"{host} forbids this to the token in use, for {what!r} (403).",
            "Ask the publisher or the administrator of the hub for the right.",
        )
    if status == 407:
        return (
            errors.UnreachableError,
            f"The proxy on the way to {host} wants a name and a password (407).",
            "Put them into HTTPS_PROXY: http://name:password@proxy:port.",
        )
    if status == 409:
        return (
            errors.ConflictError,
            f"{host} has something else at {what!r} (409).",
            "Publish it as a new version.",
        )
    if status == 429:
        return (
            errors.LimitError,
            f"{host} asks to slow down for {what!r} (429), also after waiting.",
            "Wait a while, or lower TFHUB_CONNECTIONS.",
        )
    if status in {413, 422}:
        return (
            errors.RejectedError if status == 422 else errors.LimitError,
            f"{host} refuses {what!r} ({status}).",
            "Change what it names and send it again.",
        )
    if status >= 500:
        return (
            errors.UnreachableError,
            f"{host} failed to answer for {what!r} (status {status}), also after repeating.",
            "Try again later, or name another hub in TFHUB_MIRRORS.",
        )
    return (
        errors.RequestError,
        f"{host} answers {what!r} with the status {status}, expected success.",
        "Check that the address is that of a hub.",
    )


def error_of_failure(failure: Exception, url: str) -> errors.HubError:
    """The error that a failure to get any answer stands for; `failure` comes from `requests`."""
    import requests

    host, url = host_of(url).removesuffix(":443").removesuffix(":80"), shown_url(url)
    if isinstance(failure, requests.exceptions.SSLError):
        return errors.UnreachableError(
            f"The certificate of {host} is not trusted: {_reason(failure)}.",
            hint="Set TFHUB_CA_BUNDLE to the file with your organisation's certificates.",
        )
    if isinstance(failure, requests.exceptions.ProxyError):
        return errors.UnreachableError(
            f"The proxy on the way to {host} does not answer: {_reason(failure)}.",
            hint="Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
        )
    if isinstance(failure, requests.exceptions.TooManyRedirects):
        return errors.DownloadError(
            f"{host} redirects in circles.", hint="Check the address, or tell the hub's owner."
        )
    if isinstance(failure, requests.exceptions.Timeout):
        return errors.UnreachableError(
            f"{host} did not answer in time ({url}).",
            hint="Check the network; TFHUB_CONNECT_TIMEOUT and TFHUB_READ_TIMEOUT allow more patience.",
        )
    if isinstance(failure, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return errors.HandleError(
            f"Expected a URL that can be fetched, got {url!r}.", hint="Check its spelling."
        )
    return errors.UnreachableError(
        f"{host} cannot be reached ({url}): {_reason(failure)}.",
        hint="Check the address and the network, or name another hub in TFHUB_URL or TFHUB_MIRRORS.",
    )


def shown_url(url: str) -> str:
    """A URL as it may stand in messages and logs: without what gives rights, a password or a signature.

    >>> shown_url("https://me:secret@store.example/archive?X-Amz-Signature=abc")
    'https://store.example/archive'
    """
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _reason(failure: Exception) -> str:
    """The innermost cause in words, without the layers that wrap it."""
    cause: Any = failure
    for _ in range(8):
        inner = getattr(cause, "reason", None) or next(
            (item for item in getattr(cause, "args", ()) if isinstance(item, Exception)), None
        )
        if not isinstance(inner, Exception):
            break
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    said = str(cause).rsplit(": ", 1)[-1][:200]
    return re.sub(r"^\[Errno -?\d+\] ", "", said) or type(cause).__name__
