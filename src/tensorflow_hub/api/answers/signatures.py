"""Keys of publishers, and signatures of versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import DeploymentKind, Digest, Handle, Time


class SigningKey(TypedDict):
    """A key that a publisher signs versions with."""

    id: Annotated[str, Meta(description="Short, for people: of the SHA-256 of the key.")]
    public_key: Annotated[str, Meta(description="ed25519: and its 32 bytes in base64.")]
    name: str
    added_at: Time
    added_by: Annotated[
        str, Meta(description="The name of the token; empty for callers without a token of the publisher.")
    ]
    revoked_at: Annotated[Time | None, Meta(description="From then on, nothing that it signed is trusted.")]


class SigningKeys(TypedDict):
    """The keys of a publisher."""

    publisher: str
    keys: Sequence[SigningKey]


class Signature(TypedDict):
    """A signature of a version."""

    kind: DeploymentKind
    digest: Annotated[Digest, Meta(description="Of the content that is signed.")]
    signed_at: Annotated[Time, Meta(description="By the clock of the signer.")]
    added_at: Annotated[Time, Meta(description="When the hub got it.")]
    key: SigningKey
    envelope: Annotated[str, Meta(description="The signed statement: DSSE with an in-toto Statement.")]


class Signatures(TypedDict):
    """The signatures of a version."""

    handle: Handle
    signatures: Sequence[Signature]
