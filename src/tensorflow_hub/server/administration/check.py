"""Compares the catalogue with the store, and finds missing, damaged and orphaned objects."""

from __future__ import annotations

import dataclasses
import hashlib
import time

import sqlalchemy as sa

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.server.administration.references import (
    StoredDeployment,
    archives_of_uploads,
    needed_keys,
    stored_deployments,
)
from tensorflow_hub.server.administration.sweep import sweep_uploads
from tensorflow_hub.server.catalogue.uploads import list_uploads
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.store.indexes import read_index
from tensorflow_hub.server.store.interface import archive_key, index_key

# Newer objects are not orphans, because they may belong to a version that is being published.
_GRACE_SECONDS = 3600.0


@dataclasses.dataclass(frozen=True)
class Finding:
    """A problem with an object.

    Attributes:
      problem: `missing`, `damaged`, or `orphan` for an object that the catalogue does not need.
      key: the key of the object in the store.
      handle: the version that needs it; "" for an orphan.
      detail: what is damaged, in words.
    """

    problem: str
    key: str
    handle: str = ""
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Report:
    """The result of a check.

    Attributes:
      deployments: how many deployments were checked.
      bytes_read: how many bytes were read to compute digests.
      findings: the problems.
      removed: the keys of the orphans that were removed.
    """

    deployments: int
    bytes_read: int
    findings: tuple[Finding, ...]
    removed: tuple[str, ...] = ()

    @property
    def is_damaged(self) -> bool:
        """Whether an object is missing or damaged. Orphans do no harm: they only take space."""
        return any(finding.problem != "orphan" for finding in self.findings)


def check(
    hub: Hub,
    *,
    read_all: bool = True,
    repair: bool = False,
    grace_seconds: float = _GRACE_SECONDS,
    on_progress: OnProgress = ignore_progress,
) -> Report:
    """Checks the objects of every deployment, and looks for orphans.

    Args:
      hub: the hub.
      read_all: True to compute the digest of every object; False to compare only sizes.
      repair: True to remove orphans, and uploads that have ended or expired.
      grace_seconds: newer objects do not count as orphans.
      on_progress: called with the number of checked deployments, and their total.
    """
    before = time.time() - grace_seconds  # computed first, because reading all objects may take hours
    if repair:
        sweep_uploads(
            hub
        )  # a running hub does it too, but with a full disk it may be impossible to start one
    with hub.database.reading() as connection:
        found = stored_deployments(connection)
    findings: list[Finding] = []
    needed: set[str] = set()
    bytes_read = 0
    for number, deployment in enumerate(found, 1):
        bytes_read += _check_deployment(hub, deployment, read_all, needed, findings)
        on_progress("checking", number, len(found))
    orphans = _orphans(hub, needed, before)
    findings += [Finding("orphan", key) for key in orphans]
    removed = [key for key in orphans if repair and _remove_orphan(hub, key, before)]
    return Report(len(found), bytes_read, tuple(findings), tuple(removed))


def _check_deployment(
    hub: Hub, deployment: StoredDeployment, read_all: bool, needed: set[str], findings: list[Finding]
) -> int:
    """Checks the objects of a deployment.

    Args:
      hub: the hub.
      deployment: the deployment.
      read_all: whether digests are computed.
      needed: the keys of all objects that deployments need, to which those of this one are added.
      findings: the problems so far, to which new ones are added.

    Returns:
      The number of bytes that were read.
    """
    bytes_read = 0
    try:
        objects = list(needed_keys(hub.store, deployment))
        if read_index(hub.store, deployment.archive_sha256).digest != deployment.digest:
            detail = "the index is of other content"
            findings.append(
                Finding("damaged", index_key(deployment.archive_sha256), deployment.handle, detail)
            )
    except FileNotFoundError:
        key = index_key(deployment.archive_sha256)
        findings.append(Finding("missing", key, deployment.handle))
        objects = [
            (archive_key(deployment.archive_sha256), deployment.archive_sha256, deployment.archive_size)
        ]
    except ArchiveError as error:
        key = index_key(deployment.archive_sha256)
        findings.append(Finding("damaged", key, deployment.handle, error.problem))
        objects = [
            (archive_key(deployment.archive_sha256), deployment.archive_sha256, deployment.archive_size)
        ]
        needed.add(key)
    for key, sha256, size in objects:
        is_known = key in needed
        needed.add(key)
        if is_known or sha256 is None or size is None:
            continue
        problem, read = _check_object(hub, key, sha256, size, read_all)
        bytes_read += read
        if problem:
            findings.append(Finding(problem[0], key, deployment.handle, problem[1]))
    return bytes_read


def _check_object(
    hub: Hub, key: str, sha256: str, size: int, read_all: bool
) -> tuple[tuple[str, str] | None, int]:
    found = hub.store.size(key)
    if found is None:
        return ("missing", ""), 0
    if found != size:
        return ("damaged", f"{found} bytes, expected {size}"), 0
    if not read_all:
        return None, 0
    digest = hashlib.sha256()
    for piece in hub.store.read(key):
        digest.update(piece)
    return (None if digest.hexdigest() == sha256 else ("damaged", "other bytes than published")), size


def _orphans(hub: Hub, needed: set[str], before: float) -> list[str]:
    """Returns the keys of objects older than `before` that no deployment and no current upload needs."""
    with hub.database.reading() as connection:
        needed = needed | _keys_of(archives_of_uploads(connection))
        current = {upload.id for upload in list_uploads(connection)}
    found = [
        item.key
        for prefix in ("archives/", "files/")
        for item in hub.store.list_objects(prefix)
        if item.key not in needed and item.modified < before
    ]
    found += [
        f"uploads/{upload}"
        for upload, modified in hub.store.list_uploads()
        if upload not in current and modified < before
    ]
    return found


def _remove_orphan(hub: Hub, key: str, before: float) -> bool:
    """Removes an orphan. Returns False if a publication needs it by now.

    A lock on the table of uploads keeps publications from starting to use the object in the meantime.
    """
    kind, _, name = key.partition("/")
    if kind == "uploads":
        hub.store.discard_upload(name)
        return True
    with hub.database.writing() as connection:
        if not hub.database.is_sqlite:
            connection.execute(sa.text("LOCK TABLE uploads IN SHARE ROW EXCLUSIVE MODE"))
        uploading = archives_of_uploads(connection)
        needed = {d.archive_sha256 for d in stored_deployments(connection)} | uploading
        if key in _keys_of(needed):
            return False
        # It is not known which single files the current publications need, so none are removed during one. A
        # publication that ended in the meantime has written its files again, which shows in their times.
        if kind == "files" and (uploading or any(i.modified >= before for i in hub.store.list_objects(key))):
            return False
        hub.store.delete(key)
    return True


def _keys_of(archives: set[str]) -> set[str]:
    return {key(sha256) for sha256 in archives for key in (archive_key, index_key)}
