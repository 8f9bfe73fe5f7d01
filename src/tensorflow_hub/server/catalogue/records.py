"""The records that queries of the catalogue return, made from rows."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.handles import ModelName

VISIBLE, WITHDRAWN, DELETED = "visible", "withdrawn", "deleted"
# `published_by` of versions that have only documentation, imported from that of tfhub.dev.
DOCUMENTED = "import-docs"
# `published_by` of mirrored versions is this and the URL of the upstream hub.
MIRROR_OF = "mirror of "


@dataclasses.dataclass(frozen=True)
class Publisher:
    """A publisher: the owner of all models whose names begin with its name."""

    id: int
    name: str
    title: str
    description: str
    card: str
    private: bool
    created_at: int


@dataclasses.dataclass(frozen=True)
class Model:
    """A model of a publisher, with all its versions."""

    id: int
    publisher: str
    private: bool
    name: str
    handle: str
    kind: str
    latest: int | None
    downloads: int
    created_at: int
    updated_at: int


@dataclasses.dataclass(frozen=True)
class Deployment:
    """The files of a version in one format.

    Attributes:
      kind: `saved_model`, `tfjs`, `tflite` or `coral`.
      archive_sha256: the SHA-256 of the stored tar.gz in hex, which is also in its key in the store.
      archive_size: the size of the tar.gz in bytes.
      digest: the digest of the files, independent of their compression: `sha256:…`.
      unpacked_size: the size of the unpacked files in bytes.
      file_count: how many files there are.
      description: the JSON form of the `ModuleDescription`.
      published_at: when it was published, in seconds since 1970.
      published_by: who published it.
    """

    kind: str
    archive_sha256: str
    archive_size: int
    digest: str
    unpacked_size: int
    file_count: int
    description: Mapping[str, Any]
    published_at: int
    published_by: str = ""


@dataclasses.dataclass(frozen=True)
class Archive:
    """The part of a `Deployment` that a download needs."""

    archive_sha256: str
    archive_size: int
    digest: str


@dataclasses.dataclass(frozen=True)
class Version:
    """A version of a model.

    Attributes:
      state: visible, withdrawn or deleted.
      reason: why it was withdrawn or deleted.
      parent: the handle of the parent model, as its card says; None if it has none.
    """

    id: int
    model: Model
    number: int
    state: str
    reason: str
    parent: str | None
    published_at: int
    published_by: str

    @property
    def handle(self) -> str:
        """The handle, for example `google/elmo/3`."""
        return f"{self.model.handle}/{self.number}"

    @property
    def published(self) -> int | None:
        """When it was published, in seconds since 1970; None if that is not known.

        It is not known of versions of which only the documentation was imported, where `published_at` is the
        time of the import, and of mirrored ones if upstream does not say.
        """
        return None if self.published_by == DOCUMENTED else self.published_at or None

    @property
    def name(self) -> ModelName:
        """The parsed handle."""
        return ModelName(self.model.publisher, self.model.name, self.number)


@dataclasses.dataclass(frozen=True)
class CardRecord:
    """The documentation of a version.

    Attributes:
      text: the whole card, in Markdown.
      description: its first paragraph.
      metadata: its fields, each with a list of values: `{"task": ["text-embedding"]}`.
    """

    text: str
    description: str
    metadata: Mapping[str, list[str]]
    updated_at: int


@dataclasses.dataclass(frozen=True)
class PictureRecord:
    """A picture of a card, without the bytes of its file.

    Attributes:
      path: the relative path by which the card refers to it.
      sha256: the SHA-256 of the file.
      media_type: for example `image/png`.
      width: in pixels.
      height: in pixels.
    """

    path: str
    sha256: str
    media_type: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Token:
    """A token without its secret. `publisher` is None for a token that is valid for all publishers."""

    id: int
    name: str
    scope: str
    publisher: str | None
    created_at: int
    created_by: str
    expires_at: int | None
    revoked_at: int | None
    user_id: int | None = None
    used_at: int | None = None

    @property
    def is_valid(self) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > time.time())


@dataclasses.dataclass(frozen=True)
class Grant:
    """A scope for a publisher, or for all publishers if `publisher` is None."""

    publisher: str | None
    scope: str


@dataclasses.dataclass(frozen=True)
class User:
    """A user of the hub.

    Attributes:
      issuer: the OpenID Connect issuer of the identity; "" for a local user of this hub.
      subject: the id of the user at the issuer.
      name: the unique name on this hub.
      scope: the scope for all publishers; None for most users.
      disabled_at: since when sessions and tokens of the user are refused; None if they are not.
    """

    id: int
    issuer: str
    subject: str
    name: str
    scope: str | None
    created_at: int
    disabled_at: int | None


@dataclasses.dataclass(frozen=True)
class Session:
    """The session of a browser that is signed in. It has the rights of its token, or else of its user."""

    id: int
    token_id: int | None
    user_id: int | None
    created_at: int
    used_at: int
    expires_at: int
    address: str
    browser: str


@dataclasses.dataclass(frozen=True)
class Upload:
    """An upload in progress.

    Attributes:
      id: the random id.
      token_id: the token that may send its parts.
      handle: the version that it becomes.
      deployment: the kind of deployment.
      card: the card that came with it; "" if none did.
      size: the size that the client announced, in bytes.
      sha256: the SHA-256 that the client announced.
      received: how many bytes are in the store.
      archive_sha256: the archive that is being published; None before that.
      created_at: when it began, in seconds since 1970.
      expires_at: when it is removed; 0 for one that has ended.
    """

    id: str
    token_id: int
    handle: str
    deployment: str
    card: str
    size: int
    sha256: str
    received: int
    archive_sha256: str | None
    created_at: int
    expires_at: int


@dataclasses.dataclass(frozen=True)
class AuditEntry:
    """An entry of the audit log."""

    at: int
    actor: str
    address: str
    action: str
    subject: str
    detail: Mapping[str, Any]
