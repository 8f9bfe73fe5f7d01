"""The documentation of a cached module: card, pictures and measurements, in a file beside its directory.

    <root>/<sha1 of the handle>.documentation.json

    {"format": 1, "card": "# Module …", "card_updated_at": "2026-11-20T08:00:00Z",
     "measurements": [{…}, …],
     "pictures": [{"path": "cats.png", "sha256": "…", "content": "base64"}, …]}

Bundles bring it. It is used when the module is copied to a hub and its source does not answer, as on a
machine without a network. Nothing of it is trusted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.network.past_time import past_time
from tensorflow_hub.resolving.cache.layout import Cache, key_of
from tensorflow_hub.resolving.sources.hub_documentation import checked_documentation
from tensorflow_hub.resolving.sources.source import Documentation
from tensorflow_hub.whole_file import whole_file

ENDING = ".documentation.json"
_FORMAT = 1
_LARGEST = 64 << 20  # bytes


def to_json(documentation: Documentation) -> bytes:
    """The content of the file."""
    pictures = [
        {
            "path": path,
            "sha256": hashlib.sha256(data).hexdigest(),
            "content": base64.b64encode(data).decode(),
        }
        for path, data in sorted(documentation.pictures.items())
    ]
    value = {
        "format": _FORMAT,
        "card": documentation.card,
        "card_updated_at": documentation.card_updated_at,
        "measurements": list(documentation.measurements),
        "pictures": pictures,
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read_documentation(path: str) -> Documentation | None:
    """Reads the file at `path`; None if there is none, or it is damaged, too large or of a later format."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
        entry = json.loads(data) if len(data) <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or entry.get("format") != _FORMAT:
        return None
    return checked_documentation(entry, _contents(entry.get("pictures")).get)


def write_documentation(cache: Cache, handle: str, documentation: Documentation) -> None:
    """Writes the documentation of a module into the writable cache."""
    with whole_file(cache.module_path(handle) + ENDING, prefix=".documentation-") as file:
        file.write(to_json(documentation))


def is_older(documentation: Documentation, other: Documentation) -> bool:
    """Whether the card was last changed before the other one; False if one of the times is not known.

    A time in the future is not known either, so that a wrong clock does not keep later documentation out.
    """
    mine, others = past_time(documentation.card_updated_at), past_time(other.card_updated_at)
    return mine is not None and others is not None and mine < others


def documentation_path(cache: Cache, handle: str) -> str | None:
    """The path of the file of a module in the writable or a read-only cache; None if there is none."""
    paths = (os.path.join(root, key_of(handle) + ENDING) for root in (cache.root, *cache.tiers))
    return next(filter(os.path.exists, paths), None)


def find_documentation(cache: Cache, handle: str) -> Documentation | None:
    """Returns the documentation of a cached module; None if there is none that can be read."""
    path = documentation_path(cache, handle)
    return read_documentation(path) if path is not None else None


def _contents(pictures: Any) -> Mapping[str, bytes]:
    """Returns the contents of pictures by the SHA-256 that is listed with them, without malformed ones."""
    found = {}
    for item in pictures if isinstance(pictures, list) else ():
        try:
            found[item["sha256"]] = base64.b64decode(item["content"], validate=True)
        except (LookupError, TypeError, ValueError):
            continue
    return found
