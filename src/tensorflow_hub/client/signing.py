"""Signing versions on a hub, and managing the keys of a publisher there."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import quote

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.errors import ConflictError, NotFoundError
from tensorflow_hub.format.archive.index import module_digest
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.settings import Settings
from tensorflow_hub.signing.envelope import sign_statement
from tensorflow_hub.signing.keys import PrivateKey, PublicKey
from tensorflow_hub.signing.statement import statement_now

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


@dataclasses.dataclass(frozen=True)
class Content:
    """The digests to sign.

    Attributes:
      digest: the digest of the files, `sha256:…`.
      archive_sha256: the SHA-256 of the archive in hex; "" if it is not known.
    """

    digest: str
    archive_sha256: str


def content_at(path: str | os.PathLike[str]) -> Content:
    """Computes the digests of a module directory, or of an archive of one.

    The digest of a given archive is not in the result, because a hub may pack its files again.

    Raises:
      NotAModuleError, ArchiveError: it is not a module, or it is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="tfhub-sign-") as folder:
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return Content(module_digest(extract_archive(file, os.path.join(folder, "files"))), "")
        index = write_archive(path, os.path.join(folder, "module.tar.gz"))
        return Content(index.digest, index.archive_sha256)


def sign_version(
    handle: str,
    path: str | os.PathLike[str],
    key: PrivateKey,
    *,
    deployment: str = "saved_model",
    hub: str | None = None,
    token: str | None = None,
) -> answers.Signatures:
    """Signs a version that is published, with a key of its publisher.

    Args:
      handle: `"publisher/model/version"`.
      path: the files of the version, as a directory or an archive. Their digest is signed.
      key: the private key; see `tensorflow_hub.signing.keys.load_private_key`.
      deployment: the kind of deployment of the files.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token of scope publish.

    Returns:
      All signatures of the version.

    Raises:
      ConflictError: the hub has other content than `path`.
      RejectedError: the publisher does not have this key, or revoked it.
      NotFoundError: there is no such version, or it has no such deployment.
    """
    settings = client_settings(hub, token)
    return send_signature(ModelName.parse(handle), deployment, content_at(path), key, settings)


def send_signature(
    name: ModelName,
    kind: str,
    content: Content,
    key: PrivateKey,
    settings: Settings,
    *,
    session: HubSession | None = None,
) -> answers.Signatures:
    """Signs the digests of content that was read on this machine, if the hub has the same content.

    Args:
      name: the version.
      kind: the kind of deployment.
      content: the digests to sign.
      key: the private key.
      settings: the hub and the token.
      session: the session to use; None for a new one.

    Raises:
      NotFoundError: the version has no such deployment.
      ConflictError: the hub has other content.
    """
    what = str(name)
    version = call(settings, "GET", f"/api/v1/models/{name}", what=what, session=session)
    found = next((item for item in version["deployments"] if item["kind"] == kind), None)
    if found is None:
        raise NotFoundError(
            f"Expected a deployment {kind!r} of {name}, but there is none.",
            hint=f"`tfhub show {name}` lists its deployments.",
        )
    if found["digest"] != content.digest:
        raise ConflictError(
            f"Expected {name} with the content {content.digest}, the hub has {found['digest']}.",
            hint="Nothing was signed. Sign the files that were published.",
        )
    archive = content.archive_sha256 if content.archive_sha256 == found["archive_sha256"] else ""
    envelope = sign_statement(statement_now(name, kind, content.digest, archive), key)
    return send_envelope(what, envelope.to_text(), settings, session)


def send_envelope(
    handle: str, envelope: str, settings: Settings, session: HubSession | None = None
) -> answers.Signatures:
    """Sends a signature to the hub, which checks and stores it."""
    body = {"handle": handle, "envelope": envelope}
    found: answers.Signatures = call(
        settings, "POST", "/api/v1/signatures", what=handle, session=session, json=body
    )
    return found


def show_signatures(handle: str, *, hub: str | None = None, token: str | None = None) -> answers.Signatures:
    """The signatures of a version on a hub."""
    path = f"/api/v1/signatures/{ModelName.parse(handle)}"
    found: answers.Signatures = call(client_settings(hub, token), "GET", path, what=handle)
    return found


def list_keys(publisher: str, *, hub: str | None = None, token: str | None = None) -> answers.SigningKeys:
    """The keys of a publisher, including revoked ones."""
    found: answers.SigningKeys = call(client_settings(hub, token), "GET", _path(publisher), what=publisher)
    return found


def add_key(
    publisher: str, key: PublicKey, name: str = "", *, hub: str | None = None, token: str | None = None
) -> answers.SigningKey:
    """Registers a public key of a publisher. It needs a token of an owner."""
    body = {"public_key": str(key), "name": name}
    added: answers.SigningKey = call(
        client_settings(hub, token), "POST", _path(publisher), what=f"the key {key.id}", json=body
    )
    return added


def revoke_key(publisher: str, key_id: str, *, hub: str | None = None, token: str | None = None) -> None:
    """Revokes a key, so that its signatures are not trusted any more. It needs a token of an owner."""
    path = f"{_path(publisher)}/{quote(key_id, safe='')}"
    call(client_settings(hub, token), "DELETE", path, what=f"the key {key_id}")


def _path(publisher: str) -> str:
    return f"/api/v1/publishers/{quote(publisher, safe='')}/keys"
