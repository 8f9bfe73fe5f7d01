"""Fetches a version from the upstream hub, and publishes it on this hub with the same checks as an upload."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import CardError, HubError, NotFoundError
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.past_time import past_time
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.catalogue.records import MIRROR_OF, WITHDRAWN, Grant, Token, Upload, Version
from tensorflow_hub.server.catalogue.tokens import PUBLISH
from tensorflow_hub.server.catalogue.uploads import complete_upload, create_upload, find_upload
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import TooLarge
from tensorflow_hub.server.mirroring.attachments import fetch_attachments
from tensorflow_hub.server.mirroring.refreshing import reason_from_upstream
from tensorflow_hub.server.mirroring.signatures import keep_signatures
from tensorflow_hub.server.mirroring.spool import Spool
from tensorflow_hub.server.mirroring.upstream import AnyUpstream, Content
from tensorflow_hub.server.publishing.cards import checked_card
from tensorflow_hub.server.publishing.steps import publish
from tensorflow_hub.server.publishing.upload_removal import abandon_upload

_log = logging.getLogger("tensorflow_hub.server")
_PIECE = 8 << 20


def fetch(hub: Hub, upstream: AnyUpstream, name: ModelName, deployment: str, spool: Spool) -> None:
    """Fetches a deployment of a version into the spool, which requests read meanwhile, and publishes it.

    Raises:
      NotFoundError: upstream does not have it.
      UnreachableError, DownloadError: upstream cannot be reached, or the transfer broke.
      HubError: the content is not valid for this hub.
    """
    with upstream.open() as session:
        entry = upstream.entry(session, name)
        if entry.get("state") == "deleted":
            reason = entry.get("reason") or "No reason was given."
            raise NotFoundError(f"{name} was deleted upstream.", hint=str(reason)[:500])
        card = "" if _is_documented(hub, name) else _card(upstream, name, entry, deployment)
        if entry and not entry["deployments"]:
            repeat_after_conflicts(lambda: _add_entry(hub, name, card, entry))
            spool.keep(None)
            _fetch_attachments(hub, upstream, name, entry)
            return
        with upstream.content(session, name, deployment) as content:
            source = content.source
            spool.begin(content.size, _withdrawn(entry, content))
            for piece in _bounded(hub, name, content.pieces):
                spool.write(piece)
            spool.check_length()
    upload = repeat_after_conflicts(lambda: _begin(hub, name, deployment, card))
    spool.keep(_publish(hub, source, upload, entry, spool))
    _fetch_attachments(hub, upstream, name, entry)  # last, because requests wait only for the files


def _fetch_attachments(hub: Hub, upstream: AnyUpstream, name: ModelName, entry: Mapping[str, Any]) -> None:
    """Fetches pictures and measurements. Errors are only logged: a later refresh fetches them again."""
    try:
        with upstream.open() as session:
            fetch_attachments(hub, upstream, session, name, entry)
    except HubError as problem:
        _log.warning("Some attachments of %s could not be fetched from upstream: %s", name, problem)


def _is_documented(hub: Hub, name: ModelName) -> bool:
    """Whether the version has a card already: the card of imported documentation is not replaced."""
    with hub.database.reading() as connection:
        return reading.find_version(connection, name) is not None


def _publish(hub: Hub, source: str, upload: Upload, entry: Mapping[str, Any], spool: Spool) -> int:
    """Publishes the fetched bytes by the steps of a usual upload, and returns the id of the version."""
    pieces = spool.pieces()
    if suffix := KIND_BY_NAME[upload.deployment].suffix:
        name = ModelName.parse(upload.handle).model.rpartition("/")[2]
        pieces = _packed(pieces, f"{name}{suffix}")
    try:
        upload = _upload(hub, upload, pieces)
        _check_announced_digest(entry, upload)
        publication = publish(hub, upload, None, _mirror_caller(source), spool.withdrawn)
    except BaseException:
        abandon_upload(hub, upload.id)
        raise
    hub.metrics.count("mirrored_versions")
    version = publication.version
    assert version is not None
    repeat_after_conflicts(lambda: _keep_facts(hub, version, entry, source))
    return version.id


def _keep_facts(hub: Hub, version: Version, entry: Mapping[str, Any], source: str) -> None:
    """Stores the signatures that upstream has, and when the version was published there."""
    with hub.database.writing() as connection:
        writing.lock_version(connection, version.name)
        keep_signatures(connection, version, entry, source)
        _keep_date(connection, version, entry)  # last, because it records a change


def _keep_date(connection: sa.Connection, version: Version, entry: Mapping[str, Any]) -> None:
    """Sets that a mirrored version was published when it was published upstream, not when it was fetched."""
    if not version.published_by.startswith(MIRROR_OF):
        return  # it is of this hub, or has imported documentation
    writing.set_published(connection, version, _published_upstream(entry))
    record_changes(connection, [version.model.id])


def _published_upstream(entry: Mapping[str, Any]) -> int:
    """Returns when a version was published upstream, in seconds since 1970; 0 if upstream does not say.

    >>> _published_upstream({"published_at": "2019-03-01T12:00:00Z"}), _published_upstream({})
    (1551441600, 0)
    """
    return max(0, int(past_time(str(entry.get("published_at"))) or 0))


def _begin(hub: Hub, name: ModelName, deployment: str, card: str) -> Upload:
    with hub.database.writing() as connection:
        writing.ensure_publisher(connection, name.publisher, mirrored=True)
        return create_upload(
            connection,
            hours=hub.settings.upload_hours,
            token_id=0,
            handle=str(name),
            deployment=deployment,
            card=card,
            size=0,
            sha256="",
        )


def _upload(hub: Hub, upload: Upload, content: Iterator[bytes]) -> Upload:
    """Writes the fetched bytes into the store, as a complete upload."""
    sha256, size, buffer = hashlib.sha256(), 0, bytearray()
    for piece in content:
        sha256.update(piece)
        buffer += piece
        if len(buffer) >= _PIECE:
            hub.store.append(upload.id, size, bytes(buffer))
            size += len(buffer)
            buffer.clear()
    if buffer:
        hub.store.append(upload.id, size, bytes(buffer))
        size += len(buffer)
    with hub.database.writing() as connection:
        complete_upload(connection, upload, size, sha256.hexdigest())
        found = find_upload(connection, upload.id)
    if found is None or size == 0:
        raise NotFoundError(
            f"Expected the bytes of {upload.handle} from the upstream hub, got none.", hint="Try again later."
        )
    return found


def _bounded(hub: Hub, name: ModelName, content: Iterator[bytes]) -> Iterator[bytes]:
    """Yields the bytes as they arrive. Raises TooLarge when they exceed the largest archive of this hub."""
    size = 0
    for piece in content:
        size += len(piece)
        if size > hub.settings.max_archive:
            raise TooLarge(
                f"Expected at most {hub.settings.max_archive} bytes for {name}, got more.",
                hint="Ask the hub's administrator to raise TFHUB_SERVER_MAX_ARCHIVE.",
            )
        yield piece


def _check_announced_digest(entry: Mapping[str, Any], upload: Upload) -> None:
    """Checks that the bytes have the digest that the upstream hub announced in its API."""
    if KIND_BY_NAME[upload.deployment].suffix:
        return  # the archive was made here, so its digest differs from upstream's
    for deployment in entry.get("deployments", ()):
        announced = deployment.get("archive_sha256")
        if deployment.get("kind") == upload.deployment and announced != upload.sha256:
            raise NotFoundError(
                f"Expected bytes with the SHA-256 {announced!r:.100} that the upstream hub announced for "
                f"{upload.handle}, got {upload.sha256!r}.",
                hint="The bytes may have been damaged on the way: try again later.",
            )


def _packed(content: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yields the bytes of an archive that contains one file."""
    folder = Path(tempfile.mkdtemp(prefix="tfhub-mirror-"))
    try:
        (folder / "module").mkdir()
        with open(folder / "module" / name, "wb") as file:
            file.writelines(content)
        write_archive(folder / "module", folder / "packed")
        with open(folder / "packed", "rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _card(upstream: AnyUpstream, name: ModelName, entry: Mapping[str, Any], deployment: str) -> str:
    """Returns upstream's card; if it is absent or invalid, a new one that says where the files are from."""
    text = entry.get("card")
    if isinstance(text, str):
        try:
            checked_card(text, name)
        except CardError:
            pass
        else:
            return text
    kind = KIND_BY_NAME[deployment].card.capitalize()
    return f"# {kind} {name}\n\nMirrored from {upstream.url}.\n\n<!-- task: other -->\n"


def _add_entry(hub: Hub, name: ModelName, card: str, entry: Mapping[str, Any]) -> None:
    """Adds a version without files, if upstream has no files of it either."""
    checked = checked_card(card, name)
    with hub.database.writing() as connection:
        if reading.find_version(connection, name) is not None:
            return  # another process has added it
        writing.ensure_publisher(connection, name.publisher, mirrored=True)
        version = writing.add_version(connection, name, checked.kind, "mirror")
        writing.set_card(connection, version, checked)
        writing.set_published(connection, version, _published_upstream(entry))
        if entry.get("state") == WITHDRAWN:
            writing.set_state(connection, version, WITHDRAWN, reason_from_upstream(entry.get("reason")))
        record_changes(connection, [version.model.id])


def _withdrawn(entry: Mapping[str, Any], content: Content) -> str | None:
    """Returns why upstream has withdrawn the version, from its API or from the header of its answer."""
    if entry.get("state") == WITHDRAWN:
        return reason_from_upstream(entry.get("reason"))
    return None if content.withdrawn is None else reason_from_upstream(content.withdrawn)


def _mirror_caller(source: str) -> Caller:
    token = Token(0, f"{MIRROR_OF}{source}", PUBLISH, None, 0, "", None, None)
    return Caller(token, "", (Grant(None, PUBLISH),))
