"""What the catalogue's queries return: frozen records, made of rows."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.handles import ModelName

VISIBLE, WITHDRAWN, DELETED = "visible", "withdrawn", "deleted"
# Who "published" what only has documentation, imported from tfhub.dev's.
DOCUMENTED = "import-docs"
# Begins the name of who published what comes from an upstream; behind it stands from where.
MIRROR_OF = "mirror of "


@dataclasses.dataclass(frozen=True)
class Publisher:
    """Who owns a name."""

    id: int
    name: str
    title: str
    description: str
    card: str
    private: bool
    created_at: int


@dataclasses.dataclass(frozen=True)
class Model:
    """A name below a publisher, with all its versions."""

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
    """One form of a version that can be downloaded.

    Attributes:
      kind: `saved_model`, `tfjs`, `tflite` or `coral`.
      archive_sha256: SHA-256 of the stored tar.gz in hex, which is also its key in the store.
      archive_size: its size in bytes.
      digest: of the content, whatever the compression: `sha256:…`.
      unpacked_size: bytes of the unpacked files.
      description: what `format.description` read from it, as a dict.
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
    """What a download of a deployment needs to know of it; the attributes are those of `Deployment`."""

    archive_sha256: str
    archive_size: int
    digest: str


@dataclasses.dataclass(frozen=True)
class Version:
    """One version of a model: what a versioned handle names."""

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
        """When it was published, in seconds since 1970; None where only the documentation was imported: its
        row has the time of the import.
        """
        return None if self.published_by == DOCUMENTED else self.published_at

    @property
    def name(self) -> ModelName:
        """The handle in its parts."""
        return ModelName(self.model.publisher, self.model.name, self.number)


@dataclasses.dataclass(frozen=True)
class CardRecord:
    """The documentation of a version.

    Attributes:
      text: the whole card, Markdown.
      description: its first paragraph.
      metadata: its keys, each with a list of values: `{"task": ["text-embedding"]}`.
    """

    text: str
    description: str
    metadata: Mapping[str, list[str]]
    updated_at: int


@dataclasses.dataclass(frozen=True)
class PictureRecord:
    """A picture of a card, without its file.

    Attributes:
      path: by which the card refers to it.
      sha256: of the file.
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
    """A token without its secret. `publisher` is None for a token that is good for all publishers."""

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
    def is_good(self) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > time.time())


@dataclasses.dataclass(frozen=True)
class Grant:
    """A scope for a publisher, or for all of them where `publisher` is None."""

    publisher: str | None
    scope: str


@dataclasses.dataclass(frozen=True)
class User:
    """A person: an identity of an issuer, or of this hub where `issuer` is empty.

    Attributes:
      name: what the hub calls the person; no two have the same.
      scope: for all publishers; None for most people.
      disabled_at: since when sessions and tokens of the person are refused.
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
    """A browser that is signed in; it has the rights of the token, or of the user without one."""

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
    """An archive that is being sent, in parts that may be resumed."""

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
    """Something that was done."""

    at: int
    actor: str
    address: str
    action: str
    subject: str
    detail: Mapping[str, Any]
