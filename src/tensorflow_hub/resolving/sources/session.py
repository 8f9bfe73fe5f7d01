"""The session that a source is given: its credentials, its meaning of refusals, its name in messages."""

from __future__ import annotations

import contextlib
import dataclasses
import urllib.parse
from collections.abc import Iterator
from typing import Any

import requests

from tensorflow_hub.errors import DownloadError, HubError
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.network.transport import LOOPBACK
from tensorflow_hub.resolving.sources.source import Location, Source
from tensorflow_hub.settings import Settings


class SourceSession(HubSession):
    """A session for the requests about one location of a source."""

    def __init__(self, source: Source[Any], location: Location, settings: Settings, what: str) -> None:
        super().__init__(settings)
        self._source, self._location, self._what = source, location, what

    def authorization(self, url: str) -> str | None:
        """The source's credentials where nobody on the way can read them, else the token of a hub."""
        parts = urllib.parse.urlsplit(url)
        value = self._source.authorization(url)
        if value and (parts.scheme == "https" or parts.hostname in LOOPBACK):
            return value
        return super().authorization(url)

    def error_of(self, response: requests.Response, what: str) -> HubError:
        """What the source says a refusal means, else its usual meaning."""
        return self._source.error_of(response, self._location) or super().error_of(response, what)

    def request(self, method: str, url: str, *, what: str | None = None, **options: Any) -> requests.Response:
        """As that of any session; messages name the handle, not the URL."""
        return super().request(method, url, what=what or self._what, **options)


@contextlib.contextmanager
def reading_answers(source: Source[Any]) -> Iterator[None]:
    """Turns what a source does not expect in an answer into an error of ours.

    Raises:
      DownloadError: the answer is no JSON, or lacks something.
    """
    try:
        yield
    except HubError:
        raise
    except (requests.exceptions.RequestException, ValueError, LookupError, TypeError) as error:
        raise DownloadError(
            f"Expected an answer that the source {type(source).__name__!r} can read, got {error!r:.200}.",
            hint="Try again later; when that fails too, tell the owner of the source.",
        ) from error


def open_source_session(
    source: Source[Any], location: Location, settings: Settings, *, what: str, hurry: bool = False
) -> SourceSession:
    """Makes a session; close it, or use it with `with`.

    Args:
      source: whose credentials are sent.
      location: what is asked for.
      settings: those of the process.
      what: the handle, for messages.
      hurry: an answer is at hand already: do not wait long for a newer one.
    """
    if hurry:
        settings = dataclasses.replace(
            settings,
            retries=0,
            connect_timeout=min(3.0, settings.connect_timeout),
            read_timeout=min(10.0, settings.read_timeout),
        )
    return SourceSession(source, location, settings, what)
