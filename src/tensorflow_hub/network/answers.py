"""Errors for answers of a server that are not a success, and for requests without an answer."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorflow_hub import errors
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.foreign_text import inert, one_line
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    import requests

_LONGEST_REFUSAL = 64 << 10  # bytes


@dataclasses.dataclass(frozen=True)
class Refusal:
    """The error document of a hub: `{"error": {…}}` in JSON."""

    code: str = ""
    message: str = ""
    hint: str = ""
    suggestions: tuple[str, ...] = ()


def read_refusal(response: requests.Response) -> Refusal:
    """Reads the error document of a hub; empty if the server sent none."""
    try:
        receive_beginning(response, _LONGEST_REFUSAL)
        import json

        found = json.loads(response.content)["error"]
        return Refusal(
            code=_text(found, "code"),
            message=_text(found, "message"),
            hint=_text(found, "hint"),
            suggestions=tuple(inert(str(item)) for item in found.get("suggestions") or ())[:5],
        )
    except Exception:
        return Refusal()


def receive_body(response: requests.Response, largest: int, limit: TimeLimit | None = None) -> None:
    """Reads the body of an answer into `response.content`. Before, only its headers were read.

    Args:
      response: the answer.
      largest: the largest allowed size in bytes, after decompression, so that a server cannot fill the
        memory.
      limit: the time limit; by default that of a request.

    Raises:
      RequestError: the body is larger.
      READ_FAILURES of `network.body`: the connection broke.
    """
    if not receive_beginning(response, largest, limit):
        raise errors.RequestError(
            f"Expected at most {largest:,} bytes from {shown_url(response.url)}, got more.",
            hint="Check that the address is that of a hub.",
        )


def receive_beginning(response: requests.Response, most: int, limit: TimeLimit | None = None) -> bool:
    """Reads at most `most` bytes of the body into `response.content`. Returns whether this is the whole body.

    Raises:
      READ_FAILURES of `network.body`: the connection broke.
    """
    from tensorflow_hub.network.body import Body

    stream, body = Body(response, limit or TimeLimit(Settings()), decode=True), bytearray()
    whole = False
    try:
        while len(body) <= most:
            piece = stream.read(1 << 16)
            if not piece:
                whole = True
                break
            body += piece
    finally:
        # The attribute in which `requests` keeps the body. With it, `requests` does not read more.
        response._content = bytes(body[:most])
        response._content_consumed = True  # type: ignore[attr-defined]
        if whole:
            response.raw.release_conn()
        else:
            response.close()
    return whole


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return inert(value[:1000]) if isinstance(value, str) else ""


class _Meaning(NamedTuple):
    """The message and the hint of a status. `{what}` was requested from `{host}`."""

    kind: type[errors.HubError]
    problem: str
    hint: str


_MEANINGS = {
    401: _Meaning(
        errors.AuthenticationError,
        "{host} wants to know who asks for {what!r} (401).",
        "Run `tfhub login {host}`, or set TFHUB_TOKEN for the hub in TFHUB_URL.",
    ),
    403: _Meaning(
        errors.ForbiddenError,
        "{host} forbids this to the token in use, for {what!r} (403).",
        "Ask the publisher or the administrator of the hub for the right.",
    ),
    404: _Meaning(
        errors.NotFoundError,
        "Nothing is published at {what!r} ({host} answers 404).",
        "Check the spelling and the version; `tfhub search` lists what a hub has.",
    ),
    407: _Meaning(
        errors.UnreachableError,
        "The proxy on the way to {host} wants a name and a password (407).",
        "Put them into HTTPS_PROXY: http://name:password@proxy:port.",
    ),
    409: _Meaning(
        errors.ConflictError,
        "{host} has something else at {what!r} (409).",
        "Publish it as a new version.",
    ),
    410: _Meaning(
        errors.NotFoundError,
        "{what!r} was removed from {host} (410).",
        "Ask its publisher for another version; `tfhub search` lists what a hub has.",
    ),
    413: _Meaning(
        errors.LimitError, "{host} refuses {what!r} (413).", "Change what it names and send it again."
    ),
    422: _Meaning(
        errors.RejectedError, "{host} refuses {what!r} (422).", "Change what it names and send it again."
    ),
    429: _Meaning(
        errors.LimitError,
        "{host} asks to slow down for {what!r} (429).",
        "Wait a while, or lower TFHUB_CONNECTIONS.",
    ),
}
_FAILED = _Meaning(
    errors.UnreachableError,
    "{host} failed to answer for {what!r} (status {status}).",
    "Try again later, or name another hub in TFHUB_MIRRORS.",
)
_OTHER = _Meaning(
    errors.RequestError,
    "{host} answers {what!r} with the status {status}, expected success.",
    "Check that the address is that of a hub.",
)


def error_of(response: requests.Response, what: str) -> errors.HubError:
    """The error for an answer that is not a success.

    Args:
      response: the answer. Its body is read if it was not read before.
      what: what was requested, for the message: a handle or a URL.
    """
    refusal = read_refusal(response)
    host, status = host_of(response.url).removesuffix(":443").removesuffix(":80"), response.status_code
    meaning = _MEANINGS.get(status) or (_FAILED if status >= 500 else _OTHER)
    problem = meaning.problem.format(host=host, what=what, status=status)
    hint = meaning.hint.format(host=host)
    if status in {404, 410} and refusal.suggestions:
        hint = f"Did you mean {' or '.join(map(repr, refusal.suggestions))}?"
    elif refusal.hint:
        hint = refusal.hint
    if refusal.code and refusal.message:
        # The message of a hub says more than the usual message of the status.
        problem = refusal.message
    elif refusal.message:  # from a server that is not a hub: its message alone may not be clear
        problem += f" It says: {refusal.message}"
    return meaning.kind(problem, hint=hint)


def error_of_failure(failure: Exception, url: str) -> errors.HubError:
    """The error for a request without an answer. `failure` is the error of `requests`."""
    import requests

    host, url = host_of(url).removesuffix(":443").removesuffix(":80"), shown_url(url)
    if isinstance(failure, requests.exceptions.SSLError) and "WRONG_VERSION_NUMBER" in repr(failure):
        return errors.UnreachableError(
            f"{host} does not speak TLS ({url}).", hint=f"Is it http://{host}? Or name the port of https."
        )
    if isinstance(failure, requests.exceptions.SSLError) or is_distrust(failure):
        by_proxy = isinstance(failure, requests.exceptions.ProxyError)
        return errors.UnreachableError(
            f"The certificate of {'the proxy on the way to ' if by_proxy else ''}{host} is not trusted: "
            f"{_reason(failure)}.",
            hint="Set TFHUB_CA_BUNDLE to the file with your organisation's certificates.",
        )
    if refuses_tunnel(failure):
        return errors.UnreachableError(
            f"The proxy on the way to {host} refuses to lead there: {_reason(failure)}.",
            hint=_MEANINGS[407].hint if "407" in repr(failure) else "Check HTTPS_PROXY and NO_PROXY.",
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
    if is_timeout(failure):
        return errors.UnreachableError(
            f"{host} did not answer in time ({url}).",
            hint="Check the network; TFHUB_CONNECT_TIMEOUT and TFHUB_READ_TIMEOUT allow more patience.",
        )
    if "IncompleteRead" in repr(failure):
        return errors.UnreachableError(
            f"{host} closed the connection before its answer was complete ({url}).",
            hint="Try again; when that fails too, see what lies between: a proxy, a gateway.",
        )
    if isinstance(failure, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return _unusable_address(failure, url, host)
    return errors.UnreachableError(
        f"{host} cannot be reached ({url}): {_reason(failure)}.",
        hint=("`tfhub serve` starts a hub here. " if host.startswith(("127.0.0.1", "localhost")) else "")
        + "Check the address and the network, or name another hub in TFHUB_URL or TFHUB_MIRRORS.",
    )


def refuses_tunnel(failure: Exception) -> bool:
    """Whether a proxy refused to connect to the host, with a status of 4xx."""
    return "Tunnel connection failed: 4" in repr(failure)


def is_timeout(failure: Exception) -> bool:
    """Whether a request timed out."""
    import requests
    import urllib3.exceptions

    return isinstance(
        failure, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    ) or "ReadTimeoutError" in repr(failure)


def is_distrust(failure: Exception) -> bool:
    """Whether the certificate of the server or of a proxy is not trusted."""
    return "CERTIFICATE_VERIFY_FAILED" in repr(failure)


def _unusable_address(failure: Exception, url: str, host: str) -> errors.HubError:
    """The error for a malformed URL of a server or of a proxy."""
    import requests

    if not requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)):
        return errors.HandleError(
            f"Expected a URL that can be fetched, got {url!r}.", hint="Check its spelling."
        )
    return errors.SettingsError(  # without the reason, which could contain a password
        f"The environment names a proxy for {host} that cannot be used.",
        hint="SOCKS proxies need another package: pip install 'requests[socks]'."
        if "SOCKS" in str(failure)
        else "Expected http://proxy:port in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; NO_PROXY names exceptions.",
    )


def shown_url(url: str) -> str:
    """A URL for messages and logs: without secrets, such as a password or a signature.

    >>> shown_url("https://me:secret@store.example/archive?X-Amz-Signature=abc")
    'https://store.example/archive'
    """
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_web_page(response: requests.Response) -> bool:
    """Whether an answer is a web page, such as the login of a network."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/xhtml+xml"}


def _reason(failure: Exception) -> str:
    """The message of the innermost cause of an error."""
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
    said = one_line(str(cause).rsplit(": ", 1)[-1], 200)
    return re.sub(r"\[Errno -?\d+\] | ?\(_ssl\.c:\d+\)", "", said) or type(cause).__name__
