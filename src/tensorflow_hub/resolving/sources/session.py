"""The session for requests of a source: with its credentials, its errors, and the handle in messages."""

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
    """A session for requests about one location of a source."""

    def __init__(self, source: Source[Any], location: Location, settings: Settings, what: str) -> None:
        super().__init__(settings)
        self._source, self._location, self._what = source, location, what

    def authorization(self, url: str) -> str | None:
        """The credentials of the source, only over https or to this machine; else the token for a hub."""
        parts = urllib.parse.urlsplit(url)
        value = self._source.authorization(url)
        if value and (parts.scheme == "https" or parts.hostname in LOOPBACK):
            return value
        return super().authorization(url)

    def error_of(self, response: requests.Response, what: str) -> HubError:
        """The error that the source gives for an answer, else the usual error for its status."""
        return self._source.error_of(response, self._location) or super().error_of(response, what)

    def refusal_in(self, response: requests.Response) -> HubError | None:
        """The error that the source finds in an answer with the status of a success."""
        return self._source.error_of(response, self._location)

    def request(self, method: str, url: str, *, what: str | None = None, **options: Any) -> requests.Response:
        """Sends a request as `HubSession.request` does. Messages have the handle instead of the URL."""
        return super().request(method, url, what=what or self._what, **options)


@contextlib.contextmanager
def reading_answers(source: Source[Any]) -> Iterator[None]:
    """A context that replaces errors of reading an answer by an error of the library.

    Raises:
      DownloadError: the answer is not JSON, or a field is missing.
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
    """Opens a session. Close it, or use it with `with`.

    Args:
      source: the source, whose credentials are sent.
      location: the location that the requests are about.
      settings: the settings of the process.
      what: the handle, for messages.
      hurry: whether to wait only a short time, because an older answer is stored.
    """
    if hurry:
        settings = dataclasses.replace(
            settings,
            retries=0,
            connect_timeout=min(3.0, settings.connect_timeout),
            read_timeout=min(10.0, settings.read_timeout),
        )
    return SourceSession(source, location, settings, what)
