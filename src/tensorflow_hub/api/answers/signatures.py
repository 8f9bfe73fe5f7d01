"""Keys of publishers, and signatures of versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import DeploymentKind, Digest, Handle, Time


class SigningKey(TypedDict):
    """A key with which a publisher signs versions."""

    id: Annotated[str, Meta(description="A short id, from the SHA-256 of the key.")]
    public_key: Annotated[str, Meta(description="`ed25519:` and the 32 bytes of the key in base64.")]
    name: str
    added_at: Time
    added_by: Annotated[
        str, Meta(description="The name of the token; empty for callers without a token of the publisher.")
    ]
    revoked_at: Annotated[
        Time | None, Meta(description="When it was revoked. Its signatures are no longer trusted.")
    ]


class SigningKeys(TypedDict):
    """The keys of a publisher."""

    publisher: str
    keys: Sequence[SigningKey]


class Signature(TypedDict):
    """A signature of a version."""

    kind: DeploymentKind
    digest: Annotated[Digest, Meta(description="Digest of the signed content.")]
    signed_at: Annotated[Time, Meta(description="When it was signed, by the clock of the signer.")]
    added_at: Annotated[Time, Meta(description="When it was added to the hub.")]
    key: SigningKey
    envelope: Annotated[
        str, Meta(description="The signed statement: a DSSE envelope with an in-toto Statement.")
    ]


class Signatures(TypedDict):
    """The signatures of a version."""

    handle: Handle
    signatures: Sequence[Signature]
