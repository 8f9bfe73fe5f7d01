"""Adding and revoking the signing keys of a publisher."""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.errors import ConflictError, FormatError, LimitError
from tensorflow_hub.server.catalogue import signatures
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.records import Publisher
from tensorflow_hub.server.catalogue.signatures import SigningKey
from tensorflow_hub.server.catalogue.writing import lock_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.signing.keys import PublicKey

_MOST_KEYS = 50


def add_key(
    connection: sa.Connection, caller: Caller, publisher: Publisher, text: str, name: str
) -> SigningKey:
    """Adds a public key to a publisher.

    Args:
      connection: a transaction of the catalogue.
      caller: who adds it.
      publisher: whose key it is.
      text: the key, `ed25519:…`.
      name: what the publisher calls it.

    Raises:
      Malformed: the text is not a public key.
      ConflictError: the publisher has the key already. This includes revoked keys, which stay revoked.
      LimitError: the publisher has too many keys.
    """
    try:
        key = PublicKey.parse(text)
    except FormatError as error:
        raise Malformed(error.problem, hint=error.hint) from error
    lock_publisher(connection, publisher)
    if signatures.find_key(connection, publisher, key.id) is not None:
        raise ConflictError(
            f"The publisher {publisher.name!r} already has the key {key.id}.",
            hint=f"`tfhub keys list {publisher.name}` shows it. If it is revoked, make a new key.",
        )
    if len(signatures.list_keys(connection, publisher)) >= _MOST_KEYS:
        raise LimitError(
            f"The publisher {publisher.name!r} has {_MOST_KEYS} keys already, which is the limit.",
            hint="Sign with one of them.",
        )
    added = signatures.add_key(connection, publisher, key, name, caller.name)
    add_entry(connection, caller.name, caller.address, "key.add", publisher.name, key=key.id, name=name)
    return added


def revoke_key(connection: sa.Connection, caller: Caller, publisher: Publisher, key_id: str) -> None:
    """Revokes a key. Signatures made with it, also earlier ones, are no longer trusted.

    Raises:
      Missing: the publisher has no such key.
    """
    key = signatures.find_key(connection, publisher, key_id)
    if key is None:
        raise Missing(
            f"The publisher {publisher.name!r} has no key {key_id!r:.40}.",
            hint=f"List them: `tfhub keys list {publisher.name}`.",
        )
    signatures.revoke_key(connection, key, caller.name)
    add_entry(connection, caller.name, caller.address, "key.revoke", publisher.name, key=key.id)
