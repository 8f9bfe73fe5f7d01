"""Tokens of hubs: the file that stores them, and the token for a URL.

The file maps a host with its port (`hub.example:8443`) to a token. A token is sent only to that host. It is
not sent after a redirect to another one.
"""

from __future__ import annotations

import json
import os
import re
import urllib.parse
from collections.abc import Mapping

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.settings import Settings
from tensorflow_hub.whole_file import whole_file

_PORTS = {"http": 80, "https": 443}


def host_of(url: str) -> str:
    """The key for the host of a URL: its name in lower case, and the port.

    >>> host_of("https://Hub.example/acme/text/1")
    'hub.example:443'
    """
    parts = urllib.parse.urlsplit(url)
    return f"{(parts.hostname or '').lower()}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def credentials_path(settings: Settings) -> str:
    """The path of the file with the tokens."""
    if settings.credentials:
        return os.path.expanduser(settings.credentials)
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("tfhub", appauthor=False), "credentials.json")


def read_tokens(settings: Settings) -> Mapping[str, str]:
    """All stored tokens by host; empty if there is no file.

    Raises:
      SettingsError: the file cannot be read, or was not written by `write_token`.
    """
    path = credentials_path(settings)
    try:
        with open(path, encoding="utf-8") as file:
            tokens = json.load(file)["tokens"]
        if not all(isinstance(item, str) for pair in tokens.items() for item in pair):
            raise ValueError
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a file of tokens"
        raise SettingsError(
            f"The credentials file {path!r} cannot be used: {reason}.",
            hint="Repair or remove it, then run `tfhub login`.",
        ) from error
    return dict(tokens)


def token_for(url: str, settings: Settings) -> str | None:
    """The token for the host of `url`: `TFHUB_TOKEN` for the configured hub, or else the stored token.

    Raises:
      SettingsError: it is not a valid token. The message does not show it.
    """
    if settings.token and host_of(url) == host_of(settings.hub):
        token, place = settings.token.strip(), "TFHUB_TOKEN"
    else:
        token, place = read_tokens(settings).get(host_of(url), ""), f"the file {credentials_path(settings)!r}"
    if not re.fullmatch(r"[!-~]*", token):
        raise SettingsError(
            f"Expected a token in {place}, got a text with spaces, line breaks or letters beyond ASCII.",
            hint="Copy the token anew; `tfhub login` keeps it.",
        )
    return token or None


def write_token(url: str, token: str | None, settings: Settings) -> str:
    """Stores a token for the host of `url`, or removes it if the token is None.

    The file has the mode 0600. It is replaced as a whole.

    Returns:
      The path of the file.

    Raises:
      SettingsError: the file cannot be written.
    """
    path = credentials_path(settings)
    tokens = dict(read_tokens(settings))
    tokens.pop(host_of(url), None)
    if token is not None:
        tokens[host_of(url)] = token
    try:
        folder = os.path.dirname(path) or "."
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with whole_file(path, prefix=".credentials-", private=True) as file:
            file.write(json.dumps({"tokens": tokens}, indent=2).encode())
    except OSError as error:
        raise SettingsError(
            f"The credentials file {path!r} cannot be written: {error.strerror}.",
            hint="Point TFHUB_CREDENTIALS to a place that can be written, or set TFHUB_TOKEN.",
        ) from error
    return path
