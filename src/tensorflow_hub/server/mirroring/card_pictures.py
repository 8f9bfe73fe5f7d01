"""Fetches the pictures of a mirrored version's card, and checks each one's digest and format."""

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
    """Returns the new pictures by the paths at which the card refers to them. Invalid pictures are skipped.

    Args:
      upstream: the upstream hub.
      session: a session of the upstream hub.
      name: the version.
      entry: the unchecked description of the version in upstream's API.
      card: the card that this hub has.
      known: SHA-256 of the pictures that this hub has.
    """
    if entry.get("card") != card:
        return {}  # upstream's pictures belong to its own card, which differs from the one of this hub
    found = {}
    for path, sha256 in _listed(entry, pictures_of(card)):
        if sha256 not in known:
            try:
                found[path] = _checked(upstream.picture(session, name, sha256), path, sha256)
            except HubError as problem:
                _log.warning("A picture of %s was skipped: %s", name, problem)
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
            f"Expected the picture {path!r} with the SHA-256 {sha256} of upstream's list, got other content.",
            hint="The hub asks for it again later.",
        )
    return read_picture(data)
