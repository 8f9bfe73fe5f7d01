"""Sends a message to a webhook, and prevents server-side request forgery (SSRF): users choose the URLs.

The host name is resolved once. Its addresses have to be public, and the hub connects to exactly these. It
follows no redirect, uses no proxy, and reads only the beginning of the answer, for a few seconds.
"""

from __future__ import annotations

import ipaddress
import time
import urllib.parse
from collections.abc import Iterable, Sequence

import requests

from tensorflow_hub.errors import HubError
from tensorflow_hub.network.answers import is_timeout
from tensorflow_hub.network.body import READ_FAILURES
from tensorflow_hub.network.foreign_text import one_line
from tensorflow_hub.server.catalogue.delivery_attempts import Outcome
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.http.connections import (
    Address,
    PinnedAdapter,
    addresses_of,
    is_public,
    plain_address,
)
from tensorflow_hub.settings import Settings

_CONNECT_SECONDS, _ANSWER_SECONDS = 5, 10
_MAX_ADDRESSES = 4
_MAX_URL_LENGTH = 2000
# How many bytes of an answer are read, and how many characters of it are kept in the log.
_MAX_READ, _MAX_LOGGED = 4096, 300


def check_url(url: str, networks: Sequence[str]) -> str:
    """Checks the URL of a webhook, and returns it in normal form.

    A host name is not resolved here, but each time that a message is sent.

    Args:
      url: the URL that a user chose.
      networks: private networks that are allowed.

    Raises:
      Malformed: it is not an http or https URL, or its address is not public.
    """
    example = "For example https://ci.example.com/hooks/models."
    try:
        normalized = str(requests.Request("POST", url).prepare().url)
        parts = urllib.parse.urlsplit(normalized)
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except (requests.RequestException, ValueError, UnicodeError):
        is_valid = False
    if not is_valid or len(normalized) > _MAX_URL_LENGTH or parts.fragment or "\\" in url:
        raise Malformed(
            f"Expected a URL with http or https, a host and no password, of at most {_MAX_URL_LENGTH} "
            f"characters, got {url!r:.200}.",
            hint=example,
        )
    host = str(parts.hostname)
    try:
        literal = [plain_address(host)]
    except ValueError:
        literal = []  # a host name
    if literal and not _are_allowed(literal, networks):
        raise Malformed(
            f"Expected a URL of a public address, got {host!r}.",
            hint="The hub's administrator can allow private networks with TFHUB_SERVER_WEBHOOK_NETWORKS.",
        )
    return normalized


def send(url: str, body: bytes, headers: dict[str, str], networks: Sequence[str]) -> Outcome:
    """Sends a message, and returns the outcome. It raises no error: failures are outcomes too."""
    try:
        normalized = check_url(url, networks)
        host = str(urllib.parse.urlsplit(normalized).hostname)
        addresses = addresses_of(host)[:_MAX_ADDRESSES]
        if not _are_allowed(addresses, networks):
            return Outcome(None, f"The host {host} has an address that is not public.")
        return _post(normalized, host, addresses, body, headers)
    except HubError as error:
        return Outcome(None, error.problem[:_MAX_LOGGED])


def _post(url: str, host: str, addresses: Sequence[Address], body: bytes, headers: dict[str, str]) -> Outcome:
    settings = Settings.from_environment()
    adapter = PinnedAdapter(settings, pinned_only=True)
    adapter.pin(host, addresses)
    deadline = time.monotonic() + _CONNECT_SECONDS * len(addresses) + _ANSWER_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            with session.post(
                url,
                data=body,
                headers=headers,
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                verify=not settings.disable_cert_validation,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Outcome(answer.status_code, _beginning(answer, deadline))
        except READ_FAILURES as error:
            return Outcome(None, _explanation(error))


def _beginning(answer: requests.Response, deadline: float) -> str:
    """Returns the first bytes of the body that arrive before the deadline, as text on one line."""
    received = b""
    try:
        while len(received) < _MAX_READ and time.monotonic() < deadline:
            chunk = answer.raw.read1(_MAX_READ - len(received), decode_content=False)
            if not chunk:
                break
            received += chunk
    except READ_FAILURES:
        pass  # the status has arrived, and is enough
    return one_line(received.decode(errors="replace"), _MAX_LOGGED)


def _explanation(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "The receiver has no certificate that this hub trusts."
    if is_timeout(error) or isinstance(error, requests.exceptions.Timeout):
        return "The receiver did not answer in time."
    return "The hub could not connect to the receiver, or the connection broke."


def _are_allowed(addresses: Iterable[Address], networks: Sequence[str]) -> bool:
    allowed = [ipaddress.ip_network(network, strict=False) for network in networks]
    return all(is_public(address) or any(address in network for network in allowed) for address in addresses)
