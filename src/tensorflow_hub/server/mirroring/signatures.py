"""Stores upstream's signatures of a mirrored version with their keys. This hub verifies each signature.

Which keys a publisher has, only upstream says, and this hub cannot check it. Users who do not want to trust
upstream list the keys they trust in a trust file.
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
    connection: sa.Connection, version: Version, entry: Mapping[str, Any], source: str
) -> None:
    """Stores the signatures that upstream has, and revokes the keys that it has revoked.

    Args:
      connection: a transaction of the catalogue.
      version: the version on this hub.
      entry: the unchecked description of the version in upstream's API.
      source: the URL that the version was fetched from.
    """
    publisher = reading.find_publisher(connection, version.model.publisher)
    if publisher is None or not writing.is_mirrored(connection, publisher):
        return
    listed = entry.get("signatures")
    for item in listed[:_MOST_SIGNATURES] if isinstance(listed, Sequence) else ():
        _keep(connection, publisher, version, item, source)


def _keep(
    connection: sa.Connection, publisher: Publisher, version: Version, item: Mapping[str, Any], source: str
) -> None:
    try:
        key = item["key"]
        if _is_valid_key(connection, publisher, str(key["public_key"]), key, source):
            sign_version(
                connection, version, str(item["envelope"]), f"{MIRROR_OF}{source}", same_archive=False
            )
    except (HubError, LookupError, TypeError, AttributeError) as problem:
        _log.warning("A signature of %s was skipped: %s", version.handle, problem)


def _is_valid_key(
    connection: sa.Connection, publisher: Publisher, text: str, listed_key: Mapping[str, Any], source: str
) -> bool:
    """Returns whether a key is valid, that is not revoked here or upstream. Adds the key if it is new here.

    Raises:
      FormatError: the text is not a public key, or another key has its id.
    """
    key = PublicKey.parse(text)
    known = signatures.find_key(connection, publisher, key.id)
    if known is not None and known.public_key != text:
        raise FormatError(f"Expected different ids for two keys, got {key.id} for both.", hint="Revoke one.")
    revoked = listed_key.get("revoked_at") is not None
    if known is None and not revoked:
        signatures.add_key(
            connection, publisher, key, str(listed_key.get("name", ""))[:100], f"{MIRROR_OF}{source}"
        )
    if known is not None and revoked:
        signatures.revoke_key(connection, known, f"{MIRROR_OF}{source}")
    return not revoked and (known is None or known.revoked_at is None)
