"""Signatures of a mirrored version: kept with the keys by which upstream says they are, each verified here.

The keys are upstream's word. Who pins keys in a trust file does not depend on it, nor on this hub's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import FormatError, HubError
from tensorflow_hub.server.catalogue import reading, signatures, writing
from tensorflow_hub.server.catalogue.records import MIRROR_OF, Publisher, Version
from tensorflow_hub.server.signing.signing import sign_version
from tensorflow_hub.signing.keys import PublicKey

_log = logging.getLogger("tensorflow_hub.server")
_MOST_SIGNATURES = 64


def keep_signatures(
    connection: sa.Connection, version: Version, entry: Mapping[str, Any], place: str
) -> None:
    """Keeps the signatures that upstream has, and revokes the keys that it revoked.

    Args:
      connection: within a transaction.
      version: as it is here.
      entry: what upstream's API says of it, unchecked.
      place: where it came from.
    """
    publisher = reading.find_publisher(connection, version.model.publisher)
    if publisher is None or not writing.is_mirrored(connection, publisher):
        return
    listed = entry.get("signatures")
    for item in listed[:_MOST_SIGNATURES] if isinstance(listed, Sequence) else ():
        _keep(connection, publisher, version, item, place)


def _keep(
    connection: sa.Connection, publisher: Publisher, version: Version, item: Mapping[str, Any], place: str
) -> None:
    try:
        key = item["key"]
        if _is_good(connection, publisher, str(key["public_key"]), key, place):
            sign_version(
                connection, version, str(item["envelope"]), f"{MIRROR_OF}{place}", same_archive=False
            )
    except (HubError, LookupError, TypeError, AttributeError) as problem:
        _log.warning("A signature of %s is not kept: %s", version.handle, problem)


def _is_good(
    connection: sa.Connection, publisher: Publisher, text: str, said: Mapping[str, Any], place: str
) -> bool:
    """Whether a key is not revoked, here or upstream; one that is new here is added.

    Raises:
      FormatError: it is no key.
    """
    key = PublicKey.parse(text)
    known = signatures.find_key(connection, publisher, key.id)
    if known is not None and known.public_key != text:
        raise FormatError(f"Two keys have the id {key.id}.", hint="Revoke one.")
    revoked = said.get("revoked_at") is not None
    if known is None and not revoked:
        signatures.add_key(connection, publisher, key, str(said.get("name", ""))[:100], f"{MIRROR_OF}{place}")
    if known is not None and revoked:
        signatures.revoke_key(connection, known, f"{MIRROR_OF}{place}")
    return not revoked and (known is None or known.revoked_at is None)
