"""Requests as they go out: certificates, the token of each host, and where a redirect may lead."""

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
_LARGEST_REDIRECT = 64 << 10  # bytes; more of the body of a redirect is nobody's business


class Transport(requests.Session):
    """A `requests.Session` that sends each host its own credentials and nobody else's.

    Proxies and `.netrc` come from the environment, as in `requests`. It may be used by several threads.

    Args:
      settings: those of the process.
      authorization: gives the header `Authorization` for a URL, None for none.
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

    @contextlib.contextmanager
    def within(self, limit: TimeLimit | None) -> Iterator[None]:
        """What this thread sends, each step of a redirect too, waits as long as `limit` has time left."""
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
        """On a redirect: another host (or port, or scheme) gets its own token or none.

        `.netrc` knows hosts without ports and schemes, and may have a password for all hosts: it is heeded
        only where the redirect stays with the server that was asked.
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
    """What has to be the same for two URLs to be of one server: the scheme, and the host with its port."""
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
    """Whether a token would cross a network in the clear though the hub is meant to be reached by https."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or parts.hostname in LOOPBACK:
        return False
    return host_of(url) == host_of(settings.hub) and urllib.parse.urlsplit(settings.hub).scheme == "https"
