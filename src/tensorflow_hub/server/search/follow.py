"""Keeps the search indexes up to date: before each search, adds what has changed in the catalogue.

Each audience has an index of its own, with only the models that it may read. It would not be enough to leave
private models out of the results: the known words, the corrections and the rarity of words, which decides the
order, are counted over a whole index, and would reveal private content.

The processes of one machine share the indexes. The first process that notices a change takes the lock,
applies the changes and writes to `position.json` which change was the last; the others read the result. An
index that is missing, damaged, or of another layout or catalogue is built again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock
import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audience import PUBLIC, Audience, narrowest
from tensorflow_hub.server.catalogue.changes import Change, changed_models, has_change, latest_change
from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.parents import parents_and_children
from tensorflow_hub.server.catalogue.tables import models
from tensorflow_hub.server.search.documents import documents_of
from tensorflow_hub.server.search.index import LAYOUT, SearchIndex, is_damage

_NOTHING = Change(0, 0)
# The longest time that a search waits for another process or thread, and how often it looks whether that is
# ready. Then it uses the index without the last changes.
_WAIT_SECONDS, _POLL_SECONDS = 10.0, 0.005
# How many models a query of the database names.
_CHUNK = 500
# An index that is damaged again within this time is not built again: the cause must be something else.
_MEND_SECONDS = 600.0
# How many indexes are open in a process; the least recently used one is closed first. It stays on disk.
_MOST_OPEN = 32
# An index is removed from disk after so long without use; its use is recorded once an hour.
_UNUSED_SECONDS, _NOTED_SECONDS = 30 * 86_400, 3600

Answer = TypeVar("Answer")
_log = logging.getLogger("tensorflow_hub.server")


class SearchFollower:
    """The index of a catalogue for one audience, in one process.

    Args:
      database: the catalogue.
      folder: the folder of the index and its position; other processes of this machine may use it too.
      audience: the audience: the index contains only what it may read.
    """

    def __init__(self, database: Database, folder: Path, audience: Audience = PUBLIC) -> None:
        self._database = database
        self._audience = audience
        folder.mkdir(parents=True, exist_ok=True)
        # Excludes other processes, and the other threads of this one, for each of which it opens the file.
        self._lock = filelock.FileLock(folder / "lock")
        # Only one of several starting processes creates the index; the others wait for it here.
        with contextlib.suppress(filelock.Timeout), self._lock.acquire(timeout=_WAIT_SECONDS):
            SearchIndex(folder / "index")
        self.index = SearchIndex(folder / "index")
        # In the folder of the index, so that the position is removed together with the index.
        self._position_file = self.index.folder / "position.json"
        self._seen = self._read_position()
        self._mended = -_MEND_SECONDS

    def refresh(self, connection: sa.Connection) -> SearchIndex:
        """Adds the latest changes and returns the index; without the last ones if another process is slow."""
        newest = latest_change(connection) or _NOTHING
        if newest != self._seen:
            with contextlib.suppress(filelock.Timeout), self._lock.acquire(_WAIT_SECONDS, _POLL_SECONDS):
                if newest != self._seen:  # no other thread has added them in the meantime
                    self._apply()
        return self.index

    def answer(self, connection: sa.Connection, question: Callable[[SearchIndex], Answer]) -> Answer:
        """Calls `question` with the index, after adding the latest changes, and returns the result.

        If files of the index are damaged, builds the index again and repeats the call.
        """
        try:
            return question(self.refresh(connection))
        except BaseException as error:
            if not is_damage(error) or time.monotonic() - self._mended < _MEND_SECONDS:
                raise
        _log.warning("The search index in %s is damaged; the hub builds it again.", self.index.folder)
        self._mended = time.monotonic()
        with self._lock:
            self._position_file.unlink(missing_ok=True)
            self._apply()
        return question(self.index)

    def build(self) -> None:
        """Adds all changes, however long it takes; to be called when a hub starts."""
        with self._lock:
            self._apply()

    def _apply(self) -> None:
        """Adds all changes to the index, and writes the position; the caller holds the lock."""
        position = self._read_position()
        with self._database.reading() as connection:
            newest = latest_change(connection) or _NOTHING
            if position is None or (position != _NOTHING and not has_change(connection, position)):
                self._rebuild(connection)
            elif position != newest:
                self._update(connection, position)
        if position != newest:
            value = {"layout": LAYOUT, "sequence": newest.sequence, "at": newest.at}
            beside = self._position_file.with_suffix(".new")
            beside.write_text(json.dumps(value), encoding="utf-8")
            beside.replace(self._position_file)
        self.index.reload()
        self._seen = newest

    def _rebuild(self, connection: sa.Connection) -> None:
        self.index.clear()
        every = connection.execute(sa.select(models.c.id).order_by(models.c.id)).scalars().all()
        self.index.change(documents_of(connection, every, self._audience), bulk=True)

    def _update(self, connection: sa.Connection, position: Change) -> None:
        ids = changed_models(connection, position.sequence)
        # The document of a model lists the formats of its children, and that of a child has its parent's
        # task.
        for start in range(0, len(ids), _CHUNK):
            ids += parents_and_children(connection, ids[start : start + _CHUNK])
        ids = list(dict.fromkeys(ids))
        documents = documents_of(connection, ids, self._audience)
        self.index.change(documents, removed=ids, bulk=len(ids) > 2 * _CHUNK)

    def _read_position(self) -> Change | None:
        """Returns the last change in the index on disk; None if the index has to be built again."""
        try:
            value = json.loads(self._position_file.read_text(encoding="utf-8"))
            return Change(value["sequence"], value["at"]) if value["layout"] == LAYOUT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


class AudienceIndexes:
    """The search indexes of a catalogue. Each is built when its audience searches for the first time.

    Args:
      database: the catalogue.
      folder: the folder of the indexes: `public`, `everything`, `of-<publisher>` for each private publisher,
        and `several-<digest>` for members of several private publishers.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._opened = functools.lru_cache(_MOST_OPEN)(self._open)

    def answer(
        self, connection: sa.Connection, audience: Audience, question: Callable[[SearchIndex], Answer]
    ) -> Answer:
        """Returns the result of `question` for an audience's index, after adding the latest changes."""
        return self._follower(narrowest(connection, audience)).answer(connection, question)

    def build(self) -> None:
        """Builds the public index, which is used most; to be called when a hub starts."""
        self._follower(PUBLIC).build()

    def _follower(self, audience: Audience) -> SearchFollower:
        """Returns the index of an audience, and records on disk that it is used, for all processes."""
        used = self._folder / _folder_name(audience) / "used"
        if not used.is_file() or time.time() - used.stat().st_mtime > _NOTED_SECONDS:
            used.parent.mkdir(parents=True, exist_ok=True)
            used.touch()
        return self._opened(audience)

    def _open(self, audience: Audience) -> SearchFollower:
        _remove_unused(self._folder)
        return SearchFollower(self._database, self._folder / _folder_name(audience), audience)


def _remove_unused(parent: Path) -> None:
    """Removes the indexes that were not used for long, such as those for members who have left.

    A process that has such an index open goes on reading the removed files, and builds the index again at the
    next change. The lock file is not removed, because another process may be waiting for it.
    """
    for used in parent.glob("*/used"):
        if time.time() - used.stat().st_mtime > _UNUSED_SECONDS:
            with (
                contextlib.suppress(filelock.Timeout),
                filelock.FileLock(used.parent / "lock").acquire(timeout=0),
            ):
                shutil.rmtree(used.parent / "index", ignore_errors=True)
                used.unlink(missing_ok=True)


def _folder_name(audience: Audience) -> str:
    """Returns the folder name of an audience. Each audience has another one.

    >>> _folder_name(PUBLIC), _folder_name(Audience(("acme",))), _folder_name(Audience(("a", "b")))
    ('public', 'of-acme', 'several-c14cddc033f64b9dea80ea675cf280a0')
    """
    if audience.publishers is None:
        return "everything"
    if len(audience.publishers) > 1:
        return f"several-{hashlib.sha256('/'.join(audience.publishers).encode()).hexdigest()[:32]}"
    return f"of-{audience.publishers[0]}" if audience.publishers else "public"
