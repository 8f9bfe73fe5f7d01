"""Adds a signature to a version, after verifying that it is about the stored content and by a known key."""

from __future__ import annotations

import time

import sqlalchemy as sa

from tensorflow_hub.errors import FormatError, MissingDependencyError, RejectedError
from tensorflow_hub.server.catalogue import reading, signatures
from tensorflow_hub.server.catalogue.records import Publisher, Version
from tensorflow_hub.server.catalogue.signatures import SigningKey
from tensorflow_hub.server.core.problems import NotOffered, Unavailable
from tensorflow_hub.signing.envelope import Envelope
from tensorflow_hub.signing.keys import PublicKey
from tensorflow_hub.signing.statement import Statement, seconds_of

# How far the clock of a signer may be ahead of ours, in seconds.
_MAX_CLOCK_SKEW = 600


def sign_version(
    connection: sa.Connection, version: Version, text: str, added_by: str, *, same_archive: bool = True
) -> str:
    """Verifies a signature of a version, and adds it to the catalogue.

    Args:
      connection: a transaction of the catalogue.
      version: the signed version.
      text: the signed envelope (DSSE) as JSON.
      added_by: who sends it.
      same_archive: True if the signed archive has to be the stored one, byte for byte; False if it is enough
        that the files in it are the same.

    Returns:
      The kind of the signed deployment, or "" if that key had signed it before.

    Raises:
      RejectedError: the envelope is malformed, its statement is about something else, or its key is revoked
        or not one of the publisher's.
      NotOffered: the version has no such deployment.
      Unavailable: the package that verifies signatures is not installed on this hub.
    """
    envelope, statement = _read(text)
    publisher = reading.find_publisher(connection, version.model.publisher)
    assert publisher is not None
    key = _signer(connection, publisher, envelope)
    _check(connection, version, statement, same_archive=same_archive)
    is_new = signatures.add_signature(
        connection, version, statement.kind, key, envelope=envelope.to_text(), added_by=added_by
    )
    return statement.kind if is_new else ""


def _read(text: str) -> tuple[Envelope, Statement]:
    try:
        envelope = Envelope.from_text(text)
        return envelope, Statement.from_bytes(envelope.payload)
    except FormatError as error:
        raise RejectedError(error.problem, hint=error.hint) from error


def _signer(connection: sa.Connection, publisher: Publisher, envelope: Envelope) -> SigningKey:
    """Returns the key that signed the envelope. One valid signature in it is enough."""
    known = {key.public_key: key for key in signatures.list_keys(connection, publisher)}
    try:
        found = envelope.signer(map(PublicKey.parse, known))
    except MissingDependencyError as error:
        raise Unavailable(
            "This hub cannot verify signatures: the package cryptography is not installed.",
            hint="Ask its administrator to run: pip install 'tensorflow-hub[server,signing]'",
        ) from error
    if found is None:
        raise RejectedError(
            f"Expected a valid signature by a key of the publisher {publisher.name!r}. The key "
            f"{envelope.signatures[0][0]!r:.40} is none of them, or the signature is not of this statement.",
            hint=f"Register the key with `tfhub keys add {publisher.name} KEY`, if the publisher gave it to "
            "you through another channel than this signature. Then send the signature again.",
        )
    key = known[str(found)]
    if key.revoked_at is not None:
        raise RejectedError(
            f"The key {key.id} of {publisher.name!r} is revoked.", hint="Sign with another key."
        )
    return key


def _check(connection: sa.Connection, version: Version, statement: Statement, *, same_archive: bool) -> None:
    """Raises an error unless the statement describes the stored version."""
    if statement.name != version.name:
        raise RejectedError(
            f"Expected a statement about {version.handle}, got one about {statement.name}.",
            hint=f"Sign this version: `tfhub sign {version.handle}`.",
        )
    archive = reading.find_archive(connection, version, statement.kind)
    if archive is None:
        raise NotOffered(
            f"The version {version.handle} has no deployment {statement.kind!r}.", hint="Publish it first."
        )
    is_same = not same_archive or statement.archive_sha256 in {"", archive.archive_sha256}
    if statement.digest != archive.digest or not is_same:
        raise RejectedError(
            f"Expected a statement about the content {archive.digest} in the archive "
            f"{archive.archive_sha256}, got one about {statement.digest} in "
            f"{statement.archive_sha256 or 'any archive'}.",
            hint="Sign it again: `tfhub sign` reads the published version.",
        )
    if seconds_of(statement) > time.time() + _MAX_CLOCK_SKEW:
        raise RejectedError(
            f"Expected a time of signing in the past, got {statement.signed_at}.",
            hint="Correct the clock of the machine that signs, and sign again.",
        )
