"""The session for all HTTP requests: with retries, and with errors of this library."""

from __future__ import annotations

import itertools
import logging
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import requests
import urllib3.exceptions

from tensorflow_hub import errors
from tensorflow_hub.network.answers import (
    error_of,
    error_of_failure,
    is_distrust,
    is_timeout,
    receive_body,
    refuses_tunnel,
)
from tensorflow_hub.network.credentials import host_of, token_for
from tensorflow_hub.network.retry import PASSING_STATUSES, RetryPolicy, asked_pause
from tensorflow_hub.network.service_credentials import service_authorization
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.network.transport import Transport, exposes_token, server_of
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")
_SHORT_WAIT = 1.0  # seconds
_LARGEST_BODY = 16 << 20  # bytes of a body, unless the caller names another limit
_TRANSPORT_FAILURES = (requests.exceptions.RequestException, UnicodeError, urllib3.exceptions.HTTPError)
# Failures for which a repetition does not help.
_LASTING_FAILURES = (
    requests.exceptions.SSLError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.TooManyRedirects,
    UnicodeError,
)
# The statuses of stores if the signature in the URL of a redirect has expired or is wrong. A repeated request
# may be redirected to a new URL.
_OF_OLD_SIGNATURES = frozenset({400, 403})
# The errors of `urllib3` if no connection can be opened.
_NO_CONNECTION = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


class HubSession:
    """A session for requests to hubs and other servers with modules. Threads may share it.

    Attributes:
      settings: the settings of the process.
      policy: how often requests are repeated.
      limit: the time limit of all requests together, if they belong to one download; None for a limit for
        each.
      transport: the `requests.Session` that sends the requests.
    """

    def __init__(self, settings: Settings, limit: TimeLimit | None = None) -> None:
        self.settings = settings
        self.policy = RetryPolicy(retries=settings.retries)
        self.limit = limit
        self.transport = Transport(settings, self.authorization)
        self._authorizations: dict[tuple[str, str], str | None] = {}
        self._waited_for: set[str] = set()

    def __enter__(self) -> HubSession:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self.transport.close()

    def authorization(self, url: str) -> str | None:
        """The header `Authorization` for a request to exactly this URL; None for none.

        It is looked up once for each server, because a download may have thousands of files.
        """
        server = server_of(url)
        if server not in self._authorizations:
            self._authorizations[server] = self._look_up_authorization(url)
        return self._authorizations[server]

    def _look_up_authorization(self, url: str) -> str | None:
        token = token_for(url, self.settings)
        if not token:
            return service_authorization(url)
        return None if exposes_token(url, self.settings) else f"Bearer {token}"

    def error_of(self, response: requests.Response, what: str) -> errors.HubError:
        """The error for an answer that is not a success. Subclasses override it."""
        return error_of(response, what)

    def refusal_in(self, response: requests.Response) -> errors.HubError | None:
        """The error that an answer with the status of a success tells; None if it tells none."""
        return None

    def request(
        self,
        method: str,
        url: str,
        *,
        what: str | None = None,
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        accept_statuses: frozenset[int] = frozenset({200}),
        idempotent: bool = True,
        policy: RetryPolicy | None = None,
        stream: bool = False,
        largest: int = _LARGEST_BODY,
        **options: Any,
    ) -> requests.Response:
        """Sends a request. It is repeated after temporary failures.

        Args:
          method: `"GET"` or another HTTP method.
          url: the URL.
          what: what is requested, for messages: a handle. By default the URL.
          origin: the URL that redirected to `url`; by default `url`. A password of `.netrc` is sent only to
            the
            server of this URL.
          headers: further headers.
          accept_statuses: the statuses that are a success.
          idempotent: whether the request may be repeated.
          policy: how often it is repeated; by default as the settings say.
          stream: whether to read only the headers of the answer. Then the caller reads the body and closes
            it.
          largest: the largest size of the body in bytes, after decompression, if it is read here.
          **options: options of `requests` (`data`, `json`, `params`, …). A `timeout` replaces the time limit.

        Raises:
          UnreachableError: there is no answer, or it is incomplete or too late.
          NotFoundError, AuthenticationError, ForbiddenError, ConflictError, LimitError, RequestError:
            the server answered with an error, or the body is larger than `largest`.
        """
        policy = policy or self.policy
        limit = self._limit_of(idempotent, options)
        if origin is not None and server_of(origin) != server_of(url):
            options["auth"] = _no_password
        for attempt in itertools.count():
            started = time.monotonic()
            try:
                with self.transport.within(limit):
                    response = self.transport.request(
                        method, url, headers=dict(headers or {}), stream=True, **options
                    )
                if response.status_code in accept_statuses:
                    if not stream:
                        receive_body(response, largest, limit)
                    return response
                retry = self._retry_after_answer(response, what or url, policy, idempotent=idempotent)
            except _TRANSPORT_FAILURES as failure:
                retry = _retry_after_failure(failure, url, policy, idempotent=idempotent)
            self._wait(retry, attempt, url, policy, limit, time.monotonic() - started)
        raise AssertionError("attempts end with an error at the latest")

    def _retry_after_answer(
        self, response: requests.Response, what: str, policy: RetryPolicy, *, idempotent: bool
    ) -> _RetryState:
        status, repeats = response.status_code, 0
        if status in PASSING_STATUSES and (idempotent or status in {429, 503}):
            repeats = policy.retries
        elif status in _OF_OLD_SIGNATURES and response.history and idempotent:
            repeats = min(1, policy.retries)
        asked = asked_pause(response.headers) if repeats else None
        does = "asks to slow down" if status == 429 else "does not answer"
        with response:
            return _RetryState(self.error_of(response, what), repeats, asked, does)

    def _limit_of(self, idempotent: bool, options: dict[str, Any]) -> TimeLimit | None:
        """The time limit of a request; None if it has a timeout. This may add the timeout to `options`."""
        if not idempotent:  # it is sent only once, so it gets all the time
            patience = max(self.settings.read_timeout, self.settings.stall_timeout)
            options.setdefault("timeout", (self.settings.connect_timeout, patience))
        return None if "timeout" in options else self.limit or TimeLimit(self.settings)

    def _wait(
        self,
        retry: _RetryState,
        attempt: int,
        url: str,
        policy: RetryPolicy,
        limit: TimeLimit | None,
        took: float,
    ) -> None:
        """Waits before a request is repeated; raises the error if it should not be repeated."""
        pause = policy.pause(attempt, retry.asked) if attempt < retry.repeats else None
        if pause is None:
            raise retry.problem if attempt >= retry.repeats else _too_long(retry, policy)
        patience = policy.patience(retry.repeats, retry.asked, took)
        if limit is not None:
            if retry.timed_out:
                limit.note_timeout()
            if retry.asked is not None:  # the server answers, so this pause does not count for the time limit
                limit.allow(took + pause)
            elif pause >= limit.left:
                raise limit.error(host_of(url)) if retry.timed_out else retry.problem
            else:
                patience = min(patience, limit.left)
        if attempt == 0:
            self._tell_patience(url, retry.does, patience)
        _log.debug("%s Waiting %.1f s before trying again.", retry.problem.problem, pause)
        time.sleep(pause)

    def _tell_patience(self, url: str, does: str, seconds: float) -> None:
        """Logs why the program waits, once for each session and host. Short waits are not logged."""
        host = host_of(url).removesuffix(":443").removesuffix(":80")
        if seconds >= _SHORT_WAIT and host not in self._waited_for:
            self._waited_for.add(host)
            _log.warning("%s %s; trying again for up to %d s.", host, does, math.ceil(seconds))


def open_session(settings: Settings | None = None) -> HubSession:
    """Opens a session. Close it, or use it with `with`."""
    return HubSession(settings or Settings.from_environment())


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Prevents `requests` from reading `.netrc`."""
    return request


class _RetryState(NamedTuple):
    """Why a request failed, and how often it may be repeated.

    Attributes:
      problem: the error that is raised if no repetition succeeds.
      repeats: the number of repetitions.
      asked: the seconds of `Retry-After`; None without it.
      does: what the server does, for messages.
      timed_out: whether the request timed out.
    """

    problem: errors.HubError
    repeats: int
    asked: float | None = None
    does: str = "does not answer"
    timed_out: bool = False


def _too_long(retry: _RetryState, policy: RetryPolicy) -> errors.HubError:
    problem = retry.problem
    return type(problem)(
        f"{problem.problem} It asks to wait {retry.asked:,.0f} s; we wait {policy.longest_asked:,.0f} s.",
        hint="Try again later.",
    )


def _retry_after_failure(
    failure: Exception, url: str, policy: RetryPolicy, *, idempotent: bool
) -> _RetryState:
    repeats = policy.retries
    lasts = isinstance(failure, _LASTING_FAILURES) or refuses_tunnel(failure) or is_distrust(failure)
    if lasts or not idempotent:
        repeats = 0
    elif any(name in repr(failure) for name in _NO_CONNECTION):
        repeats = min(policy.connect_retries, policy.retries)
    return _RetryState(error_of_failure(failure, url), repeats, timed_out=is_timeout(failure))
