"""A signature of a version, checked before it is kept: it has to be about what is stored, by a known key."""

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

# How much faster than ours the clock of a signer may be, in seconds.
_CLOCK_DIFFERENCE = 600


def sign_version(
    connection: sa.Connection, version: Version, text: str, added_by: str, *, same_archive: bool = True
) -> str:
    """Keeps a signature of a version.

    Args:
      connection: within a transaction.
      version: that is here.
      text: the envelope.
      added_by: who sends it.
      same_archive: whether the archive has to be the one that was signed, or the content only.

    Returns:
      The kind of the deployment that it is about; "" when that key signed it before.

    Raises:
      RejectedError: the envelope is broken, the statement is about something else, or the key is not one of
        the publisher's, or is revoked.
      NotOffered: the version has no such deployment.
      Unavailable: this hub has no package to verify signatures.
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
    except FormatError as problem:
        raise RejectedError(problem.problem, hint=problem.hint) from problem


def _signer(connection: sa.Connection, publisher: Publisher, envelope: Envelope) -> SigningKey:
    """The key by which the envelope is signed; one signature in it is enough, and only this one is kept."""
    known = {key.public_key: key for key in signatures.list_keys(connection, publisher)}
    try:
        found = envelope.signer(map(PublicKey.parse, known))
    except MissingDependencyError as problem:
        raise Unavailable(
            "This hub cannot verify signatures: its package cryptography is not installed.",
            hint="Ask its administrator to run: pip install 'tensorflow-hub[server,signing]'",
        ) from problem
    if found is None:
        raise RejectedError(
            f"Expected a signature by a key of the publisher {publisher.name!r}, got one by "
            f"{envelope.signatures[0][0]!r:.40} that is none of them, or that is not of this statement.",
            hint=f"Add the key first: `tfhub keys add {publisher.name} FILE`.",
        )
    key = known[str(found)]
    if key.revoked_at is not None:
        raise RejectedError(
            f"The key {key.id} of {publisher.name!r} is revoked.", hint="Sign with another key."
        )
    return key


def _check(connection: sa.Connection, version: Version, statement: Statement, *, same_archive: bool) -> None:
    """Raises unless the statement is about what is stored."""
    if statement.name != version.name:
        raise RejectedError(
            f"Expected a statement about {version.handle}, got one about {statement.name}.",
            hint="Sign this version.",
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
            hint="Sign what is published: `tfhub sign` reads it again.",
        )
    if seconds_of(statement) > time.time() + _CLOCK_DIFFERENCE:
        raise RejectedError(
            f"Expected a statement of now or earlier, got one of {statement.signed_at}.",
            hint="Set the clock of the machine that signs.",
        )
