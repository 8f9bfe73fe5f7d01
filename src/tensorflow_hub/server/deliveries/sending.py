"""Sends a message to a webhook, whose owner chose the URL: it must not reach what the hub alone can reach.

The host is looked up once, checked, and connected to by that very address. No redirect is followed, no proxy
used, and of the answer only the beginning is read, within seconds.
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
from tensorflow_hub.server.catalogue.deliveries import Outcome
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
_MOST_ADDRESSES = 4
_LONGEST_URL = 2000
# Of an answer so much is read, and so much kept.
_MOST_BYTES, _MOST_SHOWN = 4096, 300


def check_url(url: str, networks: Sequence[str]) -> str:
    """The URL of a webhook, as it will be asked.

    Args:
      url: what somebody chose.
      networks: private networks that are allowed.

    Raises:
      Malformed: it is no URL, or one of an address that is not public.
    """
    example = "For example https://ci.example.com/hooks/models."
    try:
        asked = str(requests.Request("POST", url).prepare().url)
        parts = urllib.parse.urlsplit(asked)
        is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except (requests.RequestException, ValueError, UnicodeError):
        is_fit = False
    if not is_fit or len(asked) > _LONGEST_URL or parts.fragment or "\\" in url:
        raise Malformed(
            f"Expected a URL with http or https, a host and no password, of at most {_LONGEST_URL} "
            f"characters, got {url!r:.200}.",
            hint=example,
        )
    host = str(parts.hostname)
    try:
        literal = [plain_address(host)]
    except ValueError:
        literal = []  # a name, which is looked up when something is sent
    if literal and not _are_allowed(literal, networks):
        raise Malformed(
            f"Expected a URL of a public address, got {host!r}.",
            hint="The hub's administrator allows private networks by TFHUB_SERVER_WEBHOOK_NETWORKS.",
        )
    return asked


def send(url: str, body: bytes, headers: dict[str, str], networks: Sequence[str]) -> Outcome:
    """Sends a message; what became of it, whatever that is."""
    try:
        asked = check_url(url, networks)
        host = str(urllib.parse.urlsplit(asked).hostname)
        addresses = addresses_of(host)[:_MOST_ADDRESSES]
        if not _are_allowed(addresses, networks):
            return Outcome(None, f"The host {host} has an address that is not public.")
        return _post(asked, host, addresses, body, headers)
    except HubError as error:
        return Outcome(None, error.problem[:_MOST_SHOWN])


def _post(url: str, host: str, addresses: Sequence[Address], body: bytes, headers: dict[str, str]) -> Outcome:
    settings = Settings.from_environment()
    adapter = PinnedAdapter(settings, pinned_only=True)
    adapter.pin(host, addresses)
    until = time.monotonic() + _CONNECT_SECONDS * len(addresses) + _ANSWER_SECONDS
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
                return Outcome(answer.status_code, _beginning(answer, until))
        except READ_FAILURES as error:
            return Outcome(None, _in_words(error))


def _beginning(answer: requests.Response, until: float) -> str:
    """The first bytes of a body, as text on one line; what came in time."""
    found = b""
    try:
        while len(found) < _MOST_BYTES and time.monotonic() < until:
            piece = answer.raw.read1(_MOST_BYTES - len(found), decode_content=False)
            if not piece:
                break
            found += piece
    except READ_FAILURES:
        pass  # the status is known
    return one_line(found.decode(errors="replace"), _MOST_SHOWN)


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "The receiver has no certificate that this hub trusts."
    if is_timeout(error) or isinstance(error, requests.exceptions.Timeout):
        return "The receiver did not answer in time."
    return "There is no connection to the receiver, or it broke."


def _are_allowed(addresses: Iterable[Address], networks: Sequence[str]) -> bool:
    allowed = [ipaddress.ip_network(network, strict=False) for network in networks]
    return all(is_public(address) or any(address in network for network in allowed) for address in addresses)
