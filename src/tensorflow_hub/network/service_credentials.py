"""The credentials of Kaggle and Hugging Face, read from the files and variables of their own clients.

They are sent only to the host of their service, and not after a redirect to a storage or another host.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from typing import Any

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.services.settings import ServiceSettings

_LARGEST_FILE = 64 << 10  # bytes


def service_authorization(url: str) -> str | None:
    """The header `Authorization` for a URL of Kaggle or Hugging Face; None elsewhere, or without a token.

    Raises:
      SettingsError: a file with credentials is malformed, or a token is not valid. The message does not show
        it.
    """
    services = ServiceSettings.from_environment()
    host = host_of(url)
    if host in {host_of(services.kaggle), host_of(services.kaggle_calls)}:
        return _kaggle_authorization(services)
    if host == host_of(services.hugging_face):
        token, place = _hugging_face_token(services)
        return _bearer(token, place)
    return None


def _kaggle_authorization(services: ServiceSettings) -> str | None:
    """The header for Kaggle: with a token or, if there is none, with user name and key, as in `kagglehub`."""
    token, place = _kaggle_token(services)
    if token:
        return _bearer(token, place)
    name, key, place = services.kaggle_username, services.kaggle_key, "KAGGLE_USERNAME and KAGGLE_KEY"
    if not (name and key):
        place = os.path.join(services.kaggle_folder, "kaggle.json")
        name, key = _read_kaggle_json(place)
    if not (name and key):
        token, place = _colab_secret("KAGGLE_API_TOKEN"), "the Colab secret KAGGLE_API_TOKEN"
        if token:
            return _bearer(token, place)
        name, key = _colab_secret("KAGGLE_USERNAME"), _colab_secret("KAGGLE_KEY")
    if not (name and key):
        return None
    return "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()


def _kaggle_token(services: ServiceSettings) -> tuple[str, str]:
    if services.kaggle_notebook and services.kaggle_notebook_token:
        token = _read_token(services.kaggle_notebook_token)
        if token:
            return token, services.kaggle_notebook_token
    if services.kaggle_token:
        return _read_token(services.kaggle_token) or services.kaggle_token, "KAGGLE_API_TOKEN"
    for name in ("access_token", "access_token.txt"):
        path = os.path.expanduser(os.path.join("~/.kaggle", name))
        token = _read_token(path)
        if token:
            return token, path
    return "", ""


def _hugging_face_token(services: ServiceSettings) -> tuple[str, str]:
    for token, place in (
        (services.hugging_face_token, "HF_TOKEN"),
        (services.hugging_face_old_token, "HUGGING_FACE_HUB_TOKEN"),
    ):
        if token.strip():
            return token, place
    path = services.hugging_face_token_path or os.path.join(services.hugging_face_folder, "token")
    token = _read_token(os.path.expanduser(path))
    return (token, path) if token else (_colab_secret("HF_TOKEN"), "the Colab secret HF_TOKEN")


def _read_token(path: str) -> str:
    """The token in a file; "" if there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_LARGEST_FILE).strip()
    except (OSError, ValueError):  # ValueError: not a possible path, or the file is not a text
        return ""


def _read_kaggle_json(path: str) -> tuple[str, str]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.loads(file.read(_LARGEST_FILE))
        return str(found["username"]), str(found["key"])
    except OSError:
        return "", ""
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f'The file of Kaggle\'s token {path!r} is not of the form {{"username": …, "key": …}}.',
            hint="Make a new token on https://www.kaggle.com/settings, or remove the file.",
        ) from error


def _colab_secret(name: str) -> str:
    """A secret of Colab that the user allowed this notebook to read; "" elsewhere."""
    if "google.colab" not in sys.modules:
        return ""
    try:
        userdata: Any = __import__("google.colab.userdata", fromlist=["get"])
        return str(userdata.get(name) or "").strip()
    except Exception:  # Colab raises various errors if it does not exist or is not allowed
        return ""


def _bearer(token: str, place: str) -> str | None:
    token = token.strip()
    if not re.fullmatch(r"[!-~]*", token):
        raise SettingsError(
            f"Expected a token in {place}, got a text with spaces, line breaks or letters beyond ASCII.",
            hint="Copy the token anew.",
        )
    return f"Bearer {token}" if token else None
