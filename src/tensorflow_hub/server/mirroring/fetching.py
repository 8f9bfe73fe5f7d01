"""Fetches from the upstream hub what is absent here, publishes it by the same steps, and keeps it.

A publisher that publishes here is never asked for upstream: whoever runs the upstream hub could
otherwise slip a "newer" version under the name of a model that is ours.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import CardError, HubError, NotFoundError, UnreachableError
from tensorflow_hub.format.archive_writer import write_archive
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.callers import Caller
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.records import Token, Upload
from tensorflow_hub.server.catalogue.tokens import PUBLISH
from tensorflow_hub.server.catalogue.uploads import complete_upload, create_upload, find_upload, remove_upload
from tensorflow_hub.server.hub import Hub
from tensorflow_hub.server.mirroring.upstream import Upstream
from tensorflow_hub.server.problems import TooLarge
from tensorflow_hub.server.publishing.cards import checked_card
from tensorflow_hub.server.publishing.steps import publish

_log = logging.getLogger("tensorflow_hub.server")
_PIECE = 8 << 20
# How long an answer of the upstream hub (absent; the newest is …) is believed, in seconds.
_REMEMBER_SECONDS = 60.0
_MOST_REMEMBERED = 10_000
# How long upstream is not asked again after it could not be reached, in seconds.
_PAUSE_SECONDS = 5.0
_SINGLE_FILE = {"tflite", "coral"}


class Mirror:
    """The mirror of one hub in one process: remembers for a moment what upstream does not have."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Lock] = {}
        self._asked: dict[str, float] = {}
        self._unreachable_at = time.monotonic() - _PAUSE_SECONDS

    def bring(self, hub: Hub, name: ModelName, deployment: str) -> None:
        """Makes sure that the deployment of a version is here, if upstream has it.

        An upstream hub that is gone or does not have it is no error when something is here to be served.

        Args:
          hub: this hub.
          name: a version, or a model: then its newest version upstream.
          deployment: the form that is asked for.

        Raises:
          UnreachableError: upstream cannot be asked and nothing is here: "not found" would be a guess, and
            would make readers give up for good.
        """
        key = f"{name} {deployment}"
        if not self._is_wanted(hub, name, deployment) or self._asked_lately(key):
            return
        with self._lock:
            turn = self._under_way.setdefault(key, threading.Lock())
        with turn:
            is_reached = True
            try:
                if not self._asked_lately(key) and self._is_wanted(hub, name, deployment):
                    is_reached = time.monotonic() - self._unreachable_at >= _PAUSE_SECONDS
                    if is_reached:
                        self._fetch(hub, name, deployment)
                        self._remember(key)
            except UnreachableError as error:
                _log.warning("Mirroring %s: %s", name, error)
                is_reached, self._unreachable_at = False, time.monotonic()
            except HubError as error:
                _log.warning("Mirroring %s: %s", name, error)
                self._remember(key)
            finally:
                with self._lock:
                    self._under_way.pop(key, None)

        if not is_reached and not _is_here(hub, name):
            raise UnreachableError(
                f"{name} is not here, and the hub that this one mirrors cannot be reached.",
                hint="Ask again in a moment.",
            )

    def _fetch(self, hub: Hub, name: ModelName, deployment: str) -> None:
        with self.upstream.open() as session:
            if name.version is None:
                newest = self.upstream.newest(session, name)
                if newest is None:
                    return
                name = name.with_version(newest)
                if not self._is_wanted(hub, name, deployment):
                    return
            facts = self.upstream.facts(session, name)
            card = _card(self.upstream, name, facts, deployment)
            if facts and not facts["deployments"]:
                _add_entry(hub, name, card)
                return
            upload = _begin(hub, name, deployment, card)
            content = self.upstream.content(session, name, deployment)
            self._publish(hub, upload, content, facts)

    def _publish(self, hub: Hub, upload: Upload, content: Iterator[bytes], facts: Mapping[str, Any]) -> None:
        try:
            if upload.deployment in _SINGLE_FILE:
                name = _promised_file(ModelName.parse(upload.handle))
                content = _packed(_bounded(hub, upload, content), name)
            upload = _keep(hub, upload, content)
            _check_promise(facts, upload)
            publish(hub, upload, None, _mirror_caller(self.upstream))
            hub.metrics.count("mirrored_versions")
        except BaseException:
            with hub.database.writing() as connection:
                remove_upload(connection, upload.id)
            hub.store.discard_upload(upload.id)
            raise

    def _is_wanted(self, hub: Hub, name: ModelName, deployment: str) -> bool:
        with hub.database.reading() as connection:
            publisher = reading.find_publisher(connection, name.publisher)
            if publisher is not None and not writing.is_mirrored(connection, publisher):
                return False
            if name.version is None:
                return True
            version = reading.find_version(connection, name)
            if version is None:
                return True
            has_any = reading.list_deployments(connection, version)
            return bool(has_any) and all(found.kind != deployment for found in has_any)

    def _asked_lately(self, key: str) -> bool:
        return time.monotonic() - self._asked.get(key, -_REMEMBER_SECONDS) < _REMEMBER_SECONDS

    def _remember(self, key: str) -> None:
        with self._lock:
            if len(self._asked) >= _MOST_REMEMBERED:
                self._asked.clear()
            self._asked[key] = time.monotonic()


def _is_here(hub: Hub, name: ModelName) -> bool:
    with hub.database.reading() as connection:
        return reading.find_version(connection, name) is not None


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


def _keep(hub: Hub, upload: Upload, content: Iterator[bytes]) -> Upload:
    """Writes what comes into the store, as an upload that is complete."""
    sha256, size, buffer = hashlib.sha256(), 0, bytearray()
    for piece in _bounded(hub, upload, content):
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
        raise NotFoundError(f"The upstream hub sent nothing for {upload.handle}.", hint="Ask again later.")
    return found


def _bounded(hub: Hub, upload: Upload, content: Iterator[bytes]) -> Iterator[bytes]:
    """What comes, up to the size that this hub takes."""
    size = 0
    for piece in content:
        size += len(piece)
        if size > hub.settings.max_archive:
            raise TooLarge(f"{upload.handle} is larger than this hub takes.", hint="Raise max_archive.")
        yield piece


def _check_promise(facts: Mapping[str, Any], upload: Upload) -> None:
    """What came has to be what the upstream hub says that it has."""
    if upload.deployment in _SINGLE_FILE:
        return
    for promised in facts.get("deployments", ()):
        if promised.get("kind") == upload.deployment and promised.get("archive_sha256") != upload.sha256:
            raise NotFoundError(
                f"The upstream hub sent other bytes for {upload.handle} than it promises.",
                hint="Something on the way damages them; ask again later.",
            )


def _packed(content: Iterator[bytes], name: str) -> Iterator[bytes]:
    """A single file as an archive of it."""
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


def _promised_file(name: ModelName) -> str:
    return f"{name.model.rpartition('/')[2]}.tflite"


def _card(upstream: Upstream, name: ModelName, facts: Mapping[str, Any], deployment: str) -> str:
    """The card upstream has, or one that says where the files are from."""
    text = facts.get("card")
    if isinstance(text, str):
        try:
            checked_card(text, name)
        except CardError:
            pass
        else:
            return text
    kind = {"saved_model": "Module", "tfjs": "Tfjs", "tflite": "Lite", "coral": "Coral"}[deployment]
    return f"# {kind} {name}\n\nMirrored from {upstream.url}.\n\n<!-- task: other -->\n"


def _add_entry(hub: Hub, name: ModelName, card: str) -> None:
    """Adds a version that has no files upstream either."""
    checked = checked_card(card, name)
    try:
        with hub.database.writing() as connection:
            if reading.find_version(connection, name) is None:
                writing.ensure_publisher(connection, name.publisher, mirrored=True)
                version = writing.add_version(connection, name, checked.kind, "mirror")
                writing.set_card(connection, version, checked)
                record_changes(connection, [version.model.id])
    except sa.exc.IntegrityError:
        _log.info("%s was added by another process.", name)


def _mirror_caller(upstream: Upstream) -> Caller:
    token = Token(0, f"mirror of {upstream.url}", PUBLISH, None, 0, "", None, None)
    return Caller(token, "")
