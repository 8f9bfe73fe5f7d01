"""The one way to make an HTTP session: proxies, certificates, tokens, timeouts, retries."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import time
import urllib.parse
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import requests
import requests.auth
import urllib3.exceptions

import tensorflow_hub
from tensorflow_hub import errors
from tensorflow_hub.handles import is_web_address
from tensorflow_hub.network.answers import (
    error_of,
    error_of_failure,
    is_distrust,
    receive_beginning,
    receive_body,
    refuses_tunnel,
    shown_url,
)
from tensorflow_hub.network.certificates import TlsAdapter, client_certificate
from tensorflow_hub.network.credentials import host_of, token_for
from tensorflow_hub.network.retry import PASSING_STATUSES, RetryPolicy, parse_retry_after
from tensorflow_hub.network.service_credentials import service_authorization
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")
_SHORT_WAIT = 1.0  # seconds
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LARGEST_BODY = 16 << 20  # bytes of an answer to a call, unless a caller says otherwise
_LARGEST_REDIRECT = 64 << 10  # bytes; more of the body of a redirect is nobody's business
_TRANSPORT_FAILURES = (requests.exceptions.RequestException, UnicodeError, urllib3.exceptions.HTTPError)
# Failures that come again however often a request is repeated.
_LASTING_FAILURES = (
    requests.exceptions.SSLError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.TooManyRedirects,
    UnicodeError,
)
# What `urllib3` calls it when no connection came about at all.
_NO_CONNECTION = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


class HubSession(requests.Session):
    """A `requests.Session` that sends each host its own token and nobody else's.

    Proxies and `.netrc` come from the environment, as in `requests`. It may be used by several threads.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.policy = RetryPolicy(retries=settings.retries)
        self.max_redirects = 10
        self._waited_for: set[str] = set()
        self._of_services: dict[str, str | None] = {}
        self.headers["User-Agent"] = f"tensorflow-hub/{tensorflow_hub.__version__}"
        adapter = TlsAdapter(settings, pool_connections=4, pool_maxsize=max(8, settings.connections))
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.cert = client_certificate(settings)
        self._insecure = settings.disable_cert_validation
        if self._insecure:
            warnings.filterwarnings("ignore", category=urllib3.exceptions.InsecureRequestWarning)
            _log.warning("TFHUB_DISABLE_CERT_VALIDATION is set: any server can pretend to be the hub.")

    def merge_environment_settings(  # type: ignore[no-untyped-def]
        self, url, proxies, stream, verify, cert
    ) -> Any:
        """Adds the settings of the environment; which authorities are trusted, `TlsAdapter` knows."""
        merged: Any = super().merge_environment_settings(url, proxies, stream, verify, cert)
        merged["verify"] = not self._insecure
        return merged

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepares a request with the token of its host."""
        prepared = super().prepare_request(request)
        self._authorize(prepared)
        return prepared

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Sends a prepared request.

        Raises:
          OfflineError: `TFHUB_OFFLINE` is set.
        """
        if self.settings.offline:
            raise errors.OfflineError(
                f"Asking {host_of(str(request.url))} needs the network, which TFHUB_OFFLINE forbids.",
                hint="Unset TFHUB_OFFLINE.",
            )
        return super().send(request, **options)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """On a redirect: another host (or port, or scheme) gets its own token or none."""
        prepared_request.headers.pop("Authorization", None)
        assert prepared_request.url is not None
        if self.trust_env:
            netrc = requests.utils.get_netrc_auth(prepared_request.url)
            if netrc:
                prepared_request.prepare_auth(netrc)
        self._authorize(prepared_request)

    def resolve_redirects(  # type: ignore[no-untyped-def]
        self, resp, req, *arguments, yield_requests=False, **options
    ) -> Any:
        """Follows redirects; one that is not to be followed may lead into an object store."""
        if yield_requests:
            return iter(())
        return super().resolve_redirects(resp, req, *arguments, **options)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where an answer redirects to; None when it does not.

        Of its body the beginning is kept: `requests` would read all of it, however much that is.

        Raises:
          DownloadError: to what is no web address; or from https to http, where anybody on the way could put
            another module.
        """
        target: str | None = super().get_redirect_target(resp)
        if target is not None:
            with contextlib.suppress(requests.exceptions.RequestException):
                receive_beginning(resp, _LARGEST_REDIRECT)
            _check_redirect(resp, target)
        return target

    def _authorize(self, prepared: requests.PreparedRequest) -> None:
        assert prepared.url is not None
        value = self.authorization(prepared.url)
        if value:
            prepared.headers["Authorization"] = value

    def authorization(self, url: str) -> str | None:
        """The header `Authorization` for a request to exactly this URL, None for none."""
        token = token_for(url, self.settings)
        if not token:
            return self._service_authorization(url)
        return None if _exposes_token(url, self.settings) else f"Bearer {token}"

    def _service_authorization(self, url: str) -> str | None:
        """What Kaggle or Hugging Face gets; looked up once a host, not for each of thousands of files."""
        host = host_of(url)
        if host not in self._of_services:
            self._of_services[host] = service_authorization(url)
        return self._of_services[host]

    def error_of(self, response: requests.Response, what: str) -> errors.HubError:
        """The error that a refusal stands for."""
        return error_of(response, what)

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        *,
        what: str | None = None,
        headers: Mapping[str, str] | None = None,
        accept_statuses: frozenset[int] = frozenset({200}),
        idempotent: bool = True,
        policy: RetryPolicy | None = None,
        stream: bool = False,
        largest: int = _LARGEST_BODY,
        **options: Any,
    ) -> requests.Response:
        """Sends a request, repeats it while that makes sense, and turns every failure into our errors.

        Args:
          method: `"GET"`, ….
          url: where to.
          what: what is asked for, for messages: the handle. Default the URL.
          headers: added to those of the session.
          accept_statuses: those that count as success.
          idempotent: whether repeating is harmless.
          policy: how often to repeat; default by the settings.
          stream: only the head of the answer is read; the caller reads the body and closes it.
          largest: bytes that the body may have, decompressed, when it is read here.
          **options: passed to `requests` (`data`, `json`, `params`, …).

        Raises:
          UnreachableError: no answer came, or not all of it.
          NotFoundError, AuthenticationError, ForbiddenError, ConflictError, LimitError, RequestError:
            the hub refused, or the body is larger than `largest`.
        """
        policy = policy or self.policy
        options.setdefault("timeout", (self.settings.connect_timeout, self.settings.read_timeout))
        for attempt in itertools.count():
            started = time.monotonic()
            try:
                response = super().request(method, url, headers=dict(headers or {}), stream=True, **options)
                if response.status_code in accept_statuses:
                    if not stream:
                        receive_body(response, largest)
                    return response
                retry = self._retry_of_answer(response, what or url, policy, idempotent=idempotent)
            except _TRANSPORT_FAILURES as failure:
                repeats = _repeats_of_failure(failure, policy) if idempotent else 0
                retry = _RetryState(error_of_failure(failure, url), repeats)
            self._wait(retry, attempt, url, policy, time.monotonic() - started)
        raise AssertionError("attempts end with an error at the latest")

    def _retry_of_answer(
        self, response: requests.Response, what: str, policy: RetryPolicy, *, idempotent: bool
    ) -> _RetryState:
        status = response.status_code
        repeated = status in PASSING_STATUSES and (idempotent or status in {429, 503})
        asked = parse_retry_after(response.headers.get("Retry-After")) if repeated else None
        does = "asks to slow down" if status == 429 else "does not answer"
        with response:
            return _RetryState(self.error_of(response, what), policy.retries if repeated else 0, asked, does)

    def _wait(self, retry: _RetryState, attempt: int, url: str, policy: RetryPolicy, took: float) -> None:
        """Waits before a request is repeated; raises the problem when it is not worth repeating."""
        pause = policy.pause(attempt, retry.asked) if attempt < retry.repeats else None
        if pause is None:
            raise retry.problem if attempt >= retry.repeats else _too_long(retry, policy)
        if attempt == 0:
            patience = policy.patience(retry.repeats, retry.asked, took)
            self._tell_patience(url, retry.does, patience)
        _log.debug("%s Waiting %.1f s before trying again.", retry.problem.problem, pause)
        time.sleep(pause)

    def _tell_patience(self, url: str, does: str, seconds: float) -> None:
        """Says once a session and host why nothing happens; short waits are not worth a line."""
        host = host_of(url).removesuffix(":443").removesuffix(":80")
        if seconds >= _SHORT_WAIT and host not in self._waited_for:
            self._waited_for.add(host)
            _log.warning("%s %s; trying again for up to %d s.", host, does, math.ceil(seconds))


def open_session(settings: Settings | None = None) -> HubSession:
    """Makes a session; close it, or use it with `with`."""
    return HubSession(settings or Settings.from_environment())


def _check_redirect(response: requests.Response, target: str) -> None:
    host = host_of(response.url)
    try:
        next_url = urllib.parse.urljoin(response.url, target)
    except ValueError:
        next_url = ""
    if not is_web_address(next_url):
        response.close()
        raise errors.DownloadError(
            f"{host} redirects to {target!r:.200}, which is no address on the web.",
            hint="Check the address, or tell the hub's owner.",
        )
    if response.url.lower().startswith("https:") and next_url.lower().startswith("http:"):
        response.close()
        raise errors.DownloadError(
            f"{host} redirects from https to {shown_url(next_url)!r}, which is not encrypted.",
            hint="Tell the hub's owner; it has to redirect to https.",
        )


class _RetryState(NamedTuple):
    """Why a request did not succeed, and how often it is worth repeating.

    Attributes:
      problem: what is raised in the end.
      repeats: how many times after the first.
      asked: seconds from `Retry-After`, None when there was none.
      does: what the server does, for messages.
    """

    problem: errors.HubError
    repeats: int
    asked: float | None = None
    does: str = "does not answer"


def _too_long(retry: _RetryState, policy: RetryPolicy) -> errors.HubError:
    problem = retry.problem
    return type(problem)(
        f"{problem.problem} It asks to wait {retry.asked:,.0f} s; we wait {policy.longest_asked:,.0f} s.",
        hint="Try again later.",
    )


def _repeats_of_failure(failure: Exception, policy: RetryPolicy) -> int:
    if isinstance(failure, _LASTING_FAILURES) or refuses_tunnel(failure) or is_distrust(failure):
        return 0
    if any(name in repr(failure) for name in _NO_CONNECTION):
        return min(policy.connect_retries, policy.retries)
    return policy.retries


def _exposes_token(url: str, settings: Settings) -> bool:
    """Whether a token would cross a network in the clear though the hub is meant to be reached by https."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or parts.hostname in LOOPBACK:
        return False
    return host_of(url) == host_of(settings.hub) and urllib.parse.urlsplit(settings.hub).scheme == "https"
