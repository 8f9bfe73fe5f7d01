"""A client of the upstream hub, which checks the targets of redirects before it follows them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests

from tensorflow_hub.errors import DownloadError, HubError, NotFoundError, UnreachableError
from tensorflow_hub.format.card.picture_file import LARGEST_FILE
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.handles import MAX_VERSION, ModelName
from tensorflow_hub.network.body import READ_FAILURES, Body
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.network.withdrawal import withdrawal_reason
from tensorflow_hub.server.http.connections import PinnedAdapter, addresses_of, is_beside, is_public
from tensorflow_hub.settings import Settings

_LARGEST_ENTRY = 32 << 20  # a card has up to a MiB, a description of a large graph some more
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PIECE = 1 << 18
_VERSION = re.compile(r"/([1-9][0-9]{0,9})$")


@dataclasses.dataclass(frozen=True)
class Content:
    """A deployment that is being fetched.

    Attributes:
      size: its size in bytes, if upstream has announced it.
      withdrawn: why upstream has withdrawn the version; None if it has not.
      pieces: the bytes as they arrive.
      source: the URL they are fetched from.
    """

    size: int | None
    withdrawn: str | None
    pieces: Iterator[bytes]
    source: str


class AnyUpstream(Protocol):
    """The methods of an upstream: another hub, or the models of tfhub.dev (`tfhub.py`).

    Attributes:
      url: its URL or name, for messages.
      has_entries: whether it has an API that describes a version without its files.
      is_public: whether everybody may read its errors, because they name only public services.
    """

    @property
    def url(self) -> str: ...  # noqa: D102
    @property
    def has_entries(self) -> bool: ...  # noqa: D102
    @property
    def is_public(self) -> bool: ...  # noqa: D102

    def open(self) -> contextlib.AbstractContextManager[Any]: ...  # noqa: D102
    def may_have(self, name: ModelName, *, is_documented: bool) -> bool: ...  # noqa: D102
    def source_of(self, name: ModelName) -> str: ...  # noqa: D102
    def latest(self, session: Any, name: ModelName, /) -> int | None: ...  # noqa: D102
    def entry(self, session: Any, name: ModelName, /) -> Mapping[str, Any]: ...  # noqa: D102
    def content(  # noqa: D102
        self, session: Any, name: ModelName, deployment: str, /
    ) -> contextlib.AbstractContextManager[Content]: ...
    def picture(self, session: Any, name: ModelName, sha256: str, /) -> bytes: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


@dataclasses.dataclass(frozen=True)
class Upstream:
    """Another hub that is mirrored.

    Attributes:
      url: its URL.
      token: the token for it; "" for none.
    """

    url: str
    token: str = ""
    has_entries = True
    is_public = False

    def open(self) -> HubSession:
        """Returns a session that sends the token only to the upstream hub."""
        settings = dataclasses.replace(Settings.from_environment(), hub=self.url, token=self.token)
        session = open_session(settings)
        adapter = PinnedAdapter(settings)
        session.transport.mount("https://", adapter)
        session.transport.mount("http://", adapter)
        return session

    def may_have(self, name: ModelName, *, is_documented: bool) -> bool:
        """Returns True, because any hub may have any model."""
        return True

    def source_of(self, name: ModelName) -> str:
        """Returns the URL from which a version is fetched, to show it to users."""
        return f"{self.url}/{name}"

    def close(self) -> None:
        """Does nothing: a transfer ends when its reader closes it."""

    def latest(self, session: HubSession, name: ModelName) -> int | None:
        """Returns the newest version of a model, to which its unversioned URL redirects, or None."""
        url = f"{self.url}/{name}?{saved_model.KIND.download}"
        with session.request(
            "HEAD", url, accept_statuses=_REDIRECTS | {200}, what=str(name), allow_redirects=False
        ) as answer:
            match = _VERSION.search(urlsplit(answer.headers.get("Location", "")).path)
        return int(match[1]) if match and int(match[1]) <= MAX_VERSION else None

    def entry(self, session: HubSession, name: ModelName) -> Mapping[str, Any]:
        """Returns the description of a version in the hub's API; empty if the hub has no such API.

        The description of a deleted version has only its `state` and the `reason`.
        """
        url = f"{self.url}/api/v1/models/{name}"
        known = frozenset({200, 410})
        try:
            answer = session.request(
                "GET",
                url,
                what=str(name),
                largest=_LARGEST_ENTRY,
                allow_redirects=False,
                accept_statuses=known,
            )
            value = json.loads(answer.content)
        except (HubError, ValueError, RecursionError):
            return {}
        if not isinstance(value, dict):
            return {}
        if answer.status_code == 410:
            return {"state": "deleted", "reason": _message(value)}
        deployments = value.get("deployments")
        if not isinstance(deployments, list) or not all(isinstance(item, dict) for item in deployments):
            return {}
        return dict(value)

    def picture(self, session: HubSession, name: ModelName, sha256: str) -> bytes:
        """Returns the unchecked bytes of a picture of a card.

        Raises:
          HubError: the hub does not have it, or it is larger than pictures may be.
        """
        answer = session.request(
            "GET",
            f"{self.url}/{name}",
            what=f"a picture of {name}",
            params={"picture": sha256},
            largest=LARGEST_FILE,
            allow_redirects=False,
        )
        return answer.content

    @contextlib.contextmanager
    def content(self, session: HubSession, name: ModelName, deployment: str) -> Iterator[Content]:
        """Opens a deployment for reading.

        Raises:
          NotFoundError: the hub does not have it.
          UnreachableError, DownloadError: it cannot be fetched; also raised while the bytes arrive.
        """
        answer = self._follow(session, f"{self.url}/{name}?{KIND_BY_NAME[deployment].download}", str(name))
        try:
            pieces = self._pieces(session, answer, name)
            yield Content(_length(answer), withdrawal_reason(answer.headers), pieces, self.url)
        finally:
            answer.close()

    def _pieces(self, session: HubSession, answer: requests.Response, name: ModelName) -> Iterator[bytes]:
        body = Body(answer, TimeLimit.of_download(session.settings), decode=True)
        try:
            while piece := body.read(_PIECE):
                yield piece
        except READ_FAILURES as error:
            raise UnreachableError(
                f"The transfer of {name} from {self.url} broke.", hint="Try again in a moment."
            ) from error

    def _follow(self, session: HubSession, url: str, what: str) -> requests.Response:
        headers = {
            "Accept": "application/gzip, application/octet-stream, */*;q=0.1",
            "Accept-Encoding": "identity",
        }
        for _ in range(_MOST_REDIRECTS):
            answer = session.request(
                "GET",
                url,
                what=what,
                origin=self.url,
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
                    f"{self.url} does not offer {what} in this form.", hint="Request another form."
                )
            url = self._check_target(session, urljoin(url, location))
        raise DownloadError(f"{self.url} redirects {what} in circles.", hint="Tell its administrator.")

    def _check_target(self, session: HubSession, url: str) -> str:
        """Checks the target of a redirect, and returns its normalized URL.

        The target must be a public host or in the private network of the upstream hub. Otherwise a redirect
        could make this hub read from a private network to which it has access (server-side request forgery).
        """
        url = _as_sent(session, url)
        parts, own = urlsplit(url), urlsplit(_as_sent(session, self.url))
        if parts.netloc == own.netloc and parts.scheme == own.scheme:
            return url
        host = parts.hostname or ""
        schemes = ("https",) if own.scheme == "https" else ("http", "https")
        if parts.scheme not in schemes:
            raise DownloadError(
                f"Expected the upstream hub to redirect to {' or '.join(schemes)}, got {parts.scheme!r}.",
                hint="Check TFHUB_SERVER_UPSTREAM: this may be an attack.",
            )
        targets, known = addresses_of(host), addresses_of(own.hostname or "")
        if not all(is_public(address) or is_beside(address, known) for address in targets):
            raise DownloadError(
                f"The upstream hub redirects to {host}, which is not public.",
                hint="Check TFHUB_SERVER_UPSTREAM: this may be an attack.",
            )
        adapter = session.transport.get_adapter(url)
        assert isinstance(adapter, PinnedAdapter)
        adapter.pin(host, targets)
        return url


def _as_sent(session: HubSession, url: str) -> str:
    """Returns a URL as requests sends it, so that the checked host is the host that gets the request.

    Parsers read some URLs differently: in `http://127.0.0.1@example.com/` with a backslash before the `@`,
    they disagree on which of the two hosts is meant.
    """
    try:
        return str(session.transport.prepare_request(requests.Request("GET", url)).url)
    except requests.exceptions.RequestException as error:
        raise DownloadError(
            f"The upstream hub redirects to {url!r:.200}, which is no URL.", hint="Tell its administrator."
        ) from error


def _length(answer: requests.Response) -> int | None:
    text = answer.headers.get("Content-Length", "")
    is_plain = answer.headers.get("Content-Encoding", "identity") == "identity"
    return int(text) if is_plain and text.isascii() and text.isdigit() and len(text) < 16 else None


def _message(value: Mapping[str, Any]) -> str:
    error = value.get("error")
    return str(error.get("message", ""))[:500] if isinstance(error, dict) else ""
