"""The statement to sign: the digest of the content of a version, as an in-toto Statement.

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "acme/words/2", "digest": {"sha256": "…"}},          of the list of files
                 {"name": "acme/words/2.tar.gz", "digest": {"sha256": "…"}}],  of the archive
     "predicateType": "urn:tensorflow-hub:signed-version:1",
     "predicate": {"publisher": "acme", "model": "words", "version": 2, "kind": "saved_model",
                   "digest": "sha256:…", "signed_at": "2026-11-28T20:00:00Z"}}

The list of files has a line `<sha256> <size> <path>` for each file, sorted by path (`module_digest`). It
covers the whole content, and does not depend on how the files are packed. A statement has only one form of
bytes: sorted keys, no spaces, ASCII. Source: https://github.com/in-toto/attestation.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from typing import Any

from tensorflow_hub.errors import FormatError
from tensorflow_hub.handles import ModelName

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE = "urn:tensorflow-hub:signed-version:1"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement about the content of a version.

    Attributes:
      name: publisher, model and version.
      kind: the kind of the deployment, such as `"saved_model"`.
      digest: the digest of the content, `sha256:…`, which does not depend on the compression.
      archive_sha256: the SHA-256 of the archive in hex; "" if the signer had no archive.
      signed_at: the time of the signer's clock: `2026-11-28T20:00:00Z`.
    """

    name: ModelName
    kind: str
    digest: str
    archive_sha256: str
    signed_at: str

    def to_bytes(self) -> bytes:
        """The canonical bytes of the statement. Only these are signed and accepted."""
        subject = [{"name": str(self.name), "digest": {"sha256": self.digest.removeprefix("sha256:")}}]
        if self.archive_sha256:
            subject.append({"name": f"{self.name}.tar.gz", "digest": {"sha256": self.archive_sha256}})
        value = {
            "_type": _TYPE,
            "subject": subject,
            "predicateType": _PREDICATE,
            "predicate": {
                "publisher": self.name.publisher,
                "model": self.name.model,
                "version": self.name.version,
                "kind": self.kind,
                "digest": self.digest,
                "signed_at": self.signed_at,
            },
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, payload: bytes) -> Statement:
        """Reads a statement.

        Raises:
          FormatError: it is not a statement, or not in the form of `to_bytes`.
        """
        try:
            value: dict[str, Any] = json.loads(payload)
            predicate = value["predicate"]
            name = ModelName(predicate["publisher"], predicate["model"], predicate["version"])
            archives = value["subject"][1:]
            statement = cls(
                name,
                predicate["kind"],
                predicate["digest"],
                archives[0]["digest"]["sha256"] if archives else "",
                predicate["signed_at"],
            )
            is_right = _is_well_formed(statement) and statement.to_bytes() == payload
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            is_right = False
        if not is_right:
            raise FormatError(
                f"Expected a statement about a version of a model, got {payload[:60]!r}….",
                hint="Sign the version with `tfhub sign`.",
            )
        return statement


def statement_now(name: ModelName, kind: str, digest: str, archive_sha256: str) -> Statement:
    """Makes a statement with the current time of this machine."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime(_TIME)
    return Statement(name, kind, digest, archive_sha256, now)


def seconds_of(statement: Statement) -> float:
    """The time of the signature by the signer's clock, in seconds since 1970."""
    moment = datetime.datetime.strptime(statement.signed_at, _TIME)
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def _is_well_formed(statement: Statement) -> bool:
    """Whether each field is valid. It raises an error for values of other types."""
    seconds_of(statement)
    return (
        type(statement.name.version) is int
        and ModelName.parse(str(statement.name)) == statement.name
        and re.fullmatch(r"[a-z_]{1,20}", statement.kind) is not None
        and _DIGEST.fullmatch(statement.digest) is not None
        and (
            not statement.archive_sha256
            or _DIGEST.fullmatch(f"sha256:{statement.archive_sha256}") is not None
        )
    )
