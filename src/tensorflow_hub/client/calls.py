"""Calling a hub's API: adds the URL and the token to a request, and reads the JSON of the response."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

from tensorflow_hub.errors import OfflineError, RequestError, SettingsError
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    import requests

_URL = re.compile(r"https?://[^/\s?#]+(/[^\s?#]*)?")

LARGEST_ANSWER = 64 << 20  # bytes


def client_settings(hub: str | None = None, token: str | None = None) -> Settings:
    """The settings of the environment, with another hub or token if they are passed.

    Raises:
      SettingsError: `hub` is not a URL.
    """
    settings = Settings.from_environment()
    if hub is not None and not _URL.fullmatch(hub):
        raise SettingsError(
            f"Expected the URL of a hub, got {hub!r}.",
            hint="Pass for example https://hub.example or http://127.0.0.1:8500.",
        )
    changes: dict[str, str] = {}
    if hub is not None and hub.rstrip("/") != settings.hub.rstrip("/"):
        # A token for one hub is not sent to another.
        changes = {"hub": hub.rstrip("/"), "token": ""}
    if token is not None:
        changes["token"] = token
    return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]


def call(
    settings: Settings,
    method: str,
    path: str,
    *,
    what: str,
    session: HubSession | None = None,
    statuses: frozenset[int] = frozenset({200, 201, 204}),
    **options: Any,
) -> Any:
    """Sends a request to the configured hub.

    Args:
      settings: the hub and the token.
      method: `"GET"`, `"POST"`, ….
      path: the path below the hub's URL, for example `"/api/v1/uploads"`.
      what: the subject of the request, for messages: a handle.
      session: the session to use; None for a new session for this request.
      statuses: the statuses that count as success.
      **options: arguments of `HubSession.request` (`json`, `params`, `headers`, `timeout`, `idempotent`).

    Returns:
      The JSON object of the response (see `tensorflow_hub.api.answers`); empty if the response has no body.

    Raises:
      OfflineError: `TFHUB_OFFLINE` is set.
      UnreachableError, AuthenticationError, ForbiddenError, ConflictError, RejectedError, LimitError,
      NotFoundError, RequestError: the hub does not answer, or answers with such an error.
    """
    if settings.offline:
        raise OfflineError(
            f"Expected a network for a request to {settings.hub} about {what!r}, but TFHUB_OFFLINE is set.",
            hint="Unset TFHUB_OFFLINE. `tfhub cache list` lists the modules on this machine.",
        )
    if session is None:
        with open_session(settings) as own:
            return call(settings, method, path, what=what, session=own, statuses=statuses, **options)
    url = settings.hub.rstrip("/") + path
    response = session.request(
        method, url, what=what, accept_statuses=statuses, largest=LARGEST_ANSWER, **options
    )
    return read_answer(response, settings)


def read_answer(response: requests.Response, settings: Settings) -> Any:
    """The JSON object of a response; empty if it has no body.

    Raises:
      RequestError: the response is not a JSON object.
    """
    if not response.content:
        return {}
    try:
        value = json.loads(response.content)
    except ValueError as error:
        raise _not_a_hub(settings) from error
    if not isinstance(value, dict):
        raise _not_a_hub(settings)
    return value


def _not_a_hub(settings: Settings) -> RequestError:
    return RequestError(
        f"Expected JSON from the hub at {settings.hub}, got something else.",
        hint="Check TFHUB_URL. It has to be the URL of a hub of this software.",
    )
