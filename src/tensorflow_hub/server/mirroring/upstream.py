"""The hub that is mirrored: what it has, fetched by the hosting protocol, with care where it leads."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import requests

from tensorflow_hub.errors import DownloadError, HubError, NotFoundError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.settings import Settings

# Deployment → the query under which a hub serves it.
QUERIES = {
    "saved_model": "tf-hub-format=compressed",
    "tfjs": "tfjs-format=compressed",
    "tflite": "lite-format=tflite",
    "coral": "coral-format=tflite",
}
Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
_LARGEST_FACTS = 32 << 20  # a card has up to a MiB, a description of a large graph some more
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PIECE = 1 << 20
_VERSION = re.compile(r"/([1-9][0-9]{0,9})$")


@dataclasses.dataclass(frozen=True)
class Upstream:
    """A hub that is mirrored, and the token for it."""

    url: str
    token: str = ""

    def open(self) -> HubSession:
        """A session that sends the token to that hub alone."""
        settings = dataclasses.replace(Settings.from_environment(), hub=self.url, token=self.token)
        return open_session(settings)

    def newest(self, session: HubSession, name: ModelName) -> int | None:
        """The newest version of a model, from where its unversioned URL leads; None when it does not say."""
        url = f"{self.url}/{name}?{QUERIES['saved_model']}"
        with session.exchange(
            "HEAD", url, accept_statuses=_REDIRECTS | {200}, what=str(name), allow_redirects=False
        ) as answer:
            match = _VERSION.search(urlsplit(answer.headers.get("Location", "")).path)
        return int(match[1]) if match else None

    def facts(self, session: HubSession, name: ModelName) -> Mapping[str, Any]:
        """What the hub's API knows of a version: its card; empty when it has no such API."""
        url = f"{self.url}/api/v1/models/{name}"
        try:
            with session.exchange("GET", url, what=str(name), stream=True, allow_redirects=False) as answer:
                value = json.loads(_bounded(answer))
        except (HubError, ValueError, RecursionError, requests.exceptions.RequestException):
            return {}
        deployments = value.get("deployments") if isinstance(value, dict) else None
        if not isinstance(deployments, list) or not all(isinstance(item, dict) for item in deployments):
            return {}
        return dict(value)

    def content(self, session: HubSession, name: ModelName, deployment: str) -> Iterator[bytes]:
        """The bytes of a deployment.

        Raises:
          NotFoundError: the hub does not have it.
          UnreachableError, DownloadError: it cannot be fetched.
        """
        url = f"{self.url}/{name}?{QUERIES[deployment]}"
        answer = self._follow(session, url, str(name))
        try:
            yield from answer.iter_content(_PIECE)
        except requests.exceptions.RequestException as error:
            raise DownloadError(
                f"The transfer of {name} from {self.url} broke.", hint="Ask again in a moment."
            ) from error
        finally:
            answer.close()

    def _follow(self, session: HubSession, url: str, what: str) -> requests.Response:
        headers = {
            "Accept": "application/gzip, application/octet-stream, */*;q=0.1",
            "Accept-Encoding": "identity",
        }
        for _ in range(_MOST_REDIRECTS):
            answer = session.exchange(
                "GET",
                url,
                what=what,
                headers=headers,
                stream=True,
                allow_redirects=False,
                accept_statuses=_REDIRECTS | {200, 406},
            )
            if answer.status_code == 200:
                return answer
            location = answer.headers.get("Location", "")
            answer.close()
            if answer.status_code == 406 or not location:
                raise NotFoundError(
                    f"{self.url} does not offer {what} in this form.", hint="Ask for another."
                )
            url = urljoin(url, location)
            self._check_target(url)
        raise DownloadError(f"{self.url} redirects {what} in circles.", hint="Tell its administrator.")

    def _check_target(self, url: str) -> None:
        """Refuses to be led into a network that the upstream hub itself is not in."""
        parts, own = urlsplit(url), urlsplit(self.url)
        if parts.netloc == own.netloc and parts.scheme == own.scheme:
            return
        targets, known = _addresses(parts.hostname or ""), _addresses(own.hostname or "")
        for address in targets:
            harmless = address.is_global or _is_beside(address, known)
            if parts.scheme not in {"http", "https"} or not harmless:
                raise DownloadError(
                    f"The upstream hub redirects to {parts.hostname}, which is not public.",
                    hint="Check TFHUB_SERVER_UPSTREAM: this may be an attack.",
                )


def _bounded(answer: requests.Response) -> bytes:
    """A body, of which only so much is read as an honest hub sends."""
    body = bytearray()
    for piece in answer.iter_content(1 << 16):
        body += piece
        if len(body) > _LARGEST_FACTS:
            raise ValueError(f"more than {_LARGEST_FACTS} bytes of facts")
    return bytes(body)


def _is_beside(address: Address, own: Sequence[Address]) -> bool:
    """Whether a private address is in the network of a hub at `own`; this machine only if it is here."""
    if not all(item.is_private for item in own) or not address.is_private:
        return False
    if address.is_loopback or address.is_unspecified:
        return all(item.is_loopback for item in own)
    return not address.is_link_local


def _addresses(host: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DownloadError(f"The host {host!r} cannot be found.", hint="Check the network.") from error
    return [ipaddress.ip_address(item[4][0]) for item in found]
