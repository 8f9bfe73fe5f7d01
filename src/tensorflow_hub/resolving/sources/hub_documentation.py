"""Card, pictures and measurements of a version, in the JSON that hubs of this program have for it.

The same JSON is in bundles (`resolving/cache/kept_documentation.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

from tensorflow_hub.errors import HubError, UnreachableError
from tensorflow_hub.format.card.picture_file import LARGEST_FILE
from tensorflow_hub.format.card.pictures import MOST_PICTURES, pictures_of
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.sources.source import Documentation

_LARGEST_JSON = 32 << 20
_LONGEST_CARD = 4 << 20
_MOST_MEASUREMENTS = 1000
_LONGEST_TIME = 40
_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_documentation(url: str, session: HubSession) -> Documentation:
    """Returns the documentation of a version; empty if the server is not a hub of this program.

    Args:
      url: the URL of the version.
      session: the session for the requests.

    Raises:
      UnreachableError: the hub cannot be reached.
    """
    try:
        answer = session.request("GET", url, headers={"Accept": "application/json"}, largest=_LARGEST_JSON)
        entry = json.loads(answer.content)
    except UnreachableError:
        raise
    except (HubError, ValueError, RecursionError):
        return Documentation()
    return checked_documentation(entry, lambda digest: _picture(url, digest, session))


def checked_documentation(entry: Any, picture: Callable[[str], bytes | None]) -> Documentation:
    """Returns the documentation in the JSON of a version; empty if it has no card.

    Args:
      entry: unchecked JSON values.
      picture: returns the content of the picture with this SHA-256, unchecked; None for none.
    """
    card = entry.get("card") if isinstance(entry, dict) else None
    if not isinstance(card, str) or len(card) > _LONGEST_CARD:
        return Documentation()
    measured, updated = entry.get("measurements"), entry.get("card_updated_at")
    return Documentation(
        card,
        dict(_pictures(entry, card, picture)),
        tuple(measured[:_MOST_MEASUREMENTS]) if isinstance(measured, list) else (),
        updated[:_LONGEST_TIME] if isinstance(updated, str) else "",
    )


def _pictures(
    entry: dict[str, Any], card: str, picture: Callable[[str], bytes | None]
) -> Iterator[tuple[str, bytes]]:
    """Yields the pictures whose digest is right. The others are left out; the card is still used."""
    listed, wanted = entry.get("pictures"), pictures_of(card)
    for item in listed[:MOST_PICTURES] if isinstance(listed, list) else ():
        path, digest = (item.get("path"), item.get("sha256")) if isinstance(item, dict) else (None, None)
        if path in wanted and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            data = picture(digest)
            if data is not None and hashlib.sha256(data).hexdigest() == digest:
                yield str(path), data


def _picture(url: str, digest: str, session: HubSession) -> bytes | None:
    parts = urllib.parse.urlsplit(url)
    place = urllib.parse.urlunsplit(parts._replace(query=f"picture={digest}", fragment=""))
    try:
        return session.request("GET", place, largest=LARGEST_FILE).content
    except UnreachableError:
        raise
    except HubError:
        return None
