"""Sending requests: certificates, the token of each host, and which redirects are followed."""

from __future__ import annotations

import contextlib
import logging
import threading
import urllib.parse
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import requests
import requests.auth
import urllib3.exceptions

import tensorflow_hub
from tensorflow_hub import errors
from tensorflow_hub.handles import is_web_address
from tensorflow_hub.network.answers import receive_beginning, shown_url
from tensorflow_hub.network.body import READ_FAILURES
from tensorflow_hub.network.certificates import TlsAdapter, client_certificate
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LARGEST_REDIRECT = 64 << 10  # bytes of the body of a redirect that are read


class Transport(requests.Session):
    """A `requests.Session` that sends to each host only the credentials for this host.

    Proxies and `.netrc` are used as in `requests`. Threads may share a session.

    Args:
      settings: the settings of the process.
      authorization: a function that returns the header `Authorization` for a URL; None for none.
    """

    def __init__(self, settings: Settings, authorization: Callable[[str], str | None]) -> None:
        super().__init__()
        self.settings = settings
        self._authorization = authorization
        self.max_redirects = 10
        self.headers["User-Agent"] = f"tensorflow-hub/{tensorflow_hub.__version__}"
        adapter = TlsAdapter(settings, pool_connections=4, pool_maxsize=max(16, 3 * settings.connections))
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.cert = client_certificate(settings)
        self._of_thread = threading.local()
        self._proxies: dict[tuple[str, str], dict[str, str]] = {}
        self._insecure = settings.disable_cert_validation
        if self._insecure:
            warnings.filterwarnings("ignore", category=urllib3.exceptions.InsecureRequestWarning)
            _log.warning("TFHUB_DISABLE_CERT_VALIDATION is set: any server can pretend to be the hub.")

    def merge_environment_settings(  # type: ignore[no-untyped-def]
        self, url, proxies, stream, verify, cert
    ) -> Any:
        """Adds the settings of the environment. The trusted authorities are in `TlsAdapter`.

        `requests` would read all variables for each request; a download may have thousands.
        """
        return {
            "proxies": {**self._proxies_for(url), **(proxies or {})},
            "stream": stream,
            "verify": not self._insecure,
            "cert": cert or self.cert,
        }

    def rebuild_proxies(  # type: ignore[no-untyped-def]
        self, prepared_request, proxies
    ) -> Any:
        """The proxies after a redirect."""
        if proxies or self._proxies_for(prepared_request.url):
            return super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]
        return {}

    def _proxies_for(self, url: str) -> dict[str, str]:
        server = server_of(url)
        if server not in self._proxies:
            self._proxies[server] = requests.utils.get_environ_proxies(url)
        return self._proxies[server]

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepares a request, with the token for its host."""
        prepared = super().prepare_request(request)
        self._authorize(prepared)
        return prepared

    @contextlib.contextmanager
    def within(self, limit: TimeLimit | None) -> Iterator[None]:
        """A context in which the requests of this thread, including redirects, have a time limit."""
        self._of_thread.limit = limit
        try:
            yield
        finally:
            self._of_thread.limit = None

    @property
    def _limit(self) -> TimeLimit | None:
        limit: TimeLimit | None = getattr(self._of_thread, "limit", None)
        return limit

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
        if self._limit is not None:
            options["timeout"] = self._limit.timeouts()
        return super().send(request, **options)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Sets the credentials after a redirect: another host, port or scheme gets its own token or none.

        `.netrc` has hosts without ports and schemes, and perhaps a password for all hosts. So it is used only
        if the redirect is to the same server.
        """
        prepared_request.headers.pop("Authorization", None)
        assert prepared_request.url is not None
        if self.trust_env and server_of(prepared_request.url) == server_of(response.url):
            netrc = requests.utils.get_netrc_auth(prepared_request.url)
            if netrc:
                prepared_request.prepare_auth(netrc)
        self._authorize(prepared_request)

    def resolve_redirects(  # type: ignore[no-untyped-def]
        self, resp, req, *arguments, yield_requests=False, **options
    ) -> Any:
        """Follows redirects. Those that are not followed may be to object stores."""
        if yield_requests:
            return iter(())
        return super().resolve_redirects(resp, req, *arguments, **options)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """The URL that an answer redirects to; None if it does not.

        Only the beginning of its body is read. `requests` would read a body of any size.

        Raises:
          DownloadError: the target is not a URL of http or https, or it is http after https, which would not
            be
            safe from changes on the way.
        """
        target: str | None = super().get_redirect_target(resp)
        if target is not None:
            with contextlib.suppress(*READ_FAILURES):
                receive_beginning(resp, _LARGEST_REDIRECT, self._limit)
            _check_redirect(resp, target)
        return target

    def _authorize(self, prepared: requests.PreparedRequest) -> None:
        assert prepared.url is not None
        value = self._authorization(prepared.url)
        if value:
            prepared.headers["Authorization"] = value


def server_of(url: str) -> tuple[str, str]:
    """The server of a URL: its scheme, host and port."""
    return urllib.parse.urlsplit(url).scheme, host_of(url)


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


def exposes_token(url: str, settings: Settings) -> bool:
    """Whether a token would be sent unencrypted, although the URL of the hub begins with https."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or parts.hostname in LOOPBACK:
        return False
    return host_of(url) == host_of(settings.hub) and urllib.parse.urlsplit(settings.hub).scheme == "https"
