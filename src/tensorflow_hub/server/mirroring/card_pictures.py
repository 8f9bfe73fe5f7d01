"""Pictures of the card of a mirrored version: each is what upstream promised, and read as from a stranger."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tensorflow_hub.errors import DigestError, HubError
from tensorflow_hub.format.card.picture_file import Picture, read_picture
from tensorflow_hub.format.card.pictures import MOST_PICTURES, pictures_of
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.mirroring.upstream import AnyUpstream

_log = logging.getLogger("tensorflow_hub.server")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def fetch_pictures(
    upstream: AnyUpstream,
    session: Any,
    name: ModelName,
    entry: Mapping[str, Any],
    *,
    card: str,
    known: Collection[str],
) -> dict[str, Picture]:
    """The pictures, by the paths at which a card refers to them; those that will not do are left out.

    Args:
      upstream: the hub.
      session: of it.
      name: the version.
      entry: what upstream's API says of it, unchecked.
      card: as it is here.
      known: SHA-256 of the pictures that are here.
    """
    if entry.get("card") != card:
        return {}  # the pictures belong to another card than ours
    found = {}
    for path, sha256 in _listed(entry, pictures_of(card)):
        if sha256 not in known:
            try:
                found[path] = _checked(upstream.picture(session, name, sha256), path, sha256)
            except HubError as problem:
                _log.warning("A picture of %s is not kept: %s", name, problem)
    return found


def _listed(entry: Mapping[str, Any], wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    listed = entry.get("pictures")
    for item in listed[:MOST_PICTURES] if isinstance(listed, list) else ():
        path, sha256 = (item.get("path"), item.get("sha256")) if isinstance(item, dict) else (None, None)
        if isinstance(path, str) and isinstance(sha256, str) and path in wanted and _DIGEST.fullmatch(sha256):
            yield path, sha256


def _checked(data: bytes, path: str, sha256: str) -> Picture:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DigestError(
            f"The picture {path!r} has other content than upstream says.", hint="It is asked for again later."
        )
    return read_picture(data)
