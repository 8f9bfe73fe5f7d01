"""Keeps the index up to date: before each search, it adds the changes of the catalogue since the last one.

The processes of one machine share the index. The first process that notices a change takes the lock, applies
the changes and writes to `position.json` which change was the last; the others read the result. An index that
is missing, damaged, or of another layout or catalogue is built again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock
import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audience import PUBLIC, Audience
from tensorflow_hub.server.catalogue.changes import Change, changed_models, has_change, latest_change
from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.parents import parents_and_children
from tensorflow_hub.server.search.documents import all_documents, documents_of
from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.index import LAYOUT, SearchIndex
from tensorflow_hub.server.search.request import SearchRequest

_NOTHING = Change(0, 0)
# The longest time that a search waits for another process. Then it uses the index without the last changes.
_WAIT_SECONDS = 10.0
# An index that is damaged again within this time is not built again: the cause must be something else.
_MEND_SECONDS = 600.0

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
        self._lock = filelock.FileLock(folder / "lock")
        self._mutex = threading.Lock()
        # Only one of several starting processes creates the index; the others wait for it here.
        with contextlib.suppress(filelock.Timeout), self._lock.acquire(timeout=_WAIT_SECONDS):
            SearchIndex(folder / "index")
        self.index = SearchIndex(folder / "index")
        # In the folder of the index, so that the position is removed together with the index.
        self._position_file = self.index.folder / "position.json"
        self._seen = self._read_position()
        self._mended: float | None = None

    def refresh(self, connection: sa.Connection) -> SearchIndex:
        """Adds the latest changes and returns the index; without the last ones if another process is slow."""
        newest = latest_change(connection) or _NOTHING
        if newest != self._seen and self._mutex.acquire(timeout=_WAIT_SECONDS):
            try:
                self._catch_up(newest, _WAIT_SECONDS)
            finally:
                self._mutex.release()
        return self.index

    def answer(self, connection: sa.Connection, question: Callable[[SearchIndex], Answer]) -> Answer:
        """Calls `question` with the index, after adding the latest changes, and returns the result.

        If files of the index are damaged, builds the index again and repeats the call.
        """
        try:
            return question(self.refresh(connection))
        except BaseException as error:
            if not _is_damage(error) or not self._mend():
                raise
        return question(self.index)

    def build(self) -> None:
        """Adds all changes, however long it takes; to be called when a hub starts.

        Also searches for misspelt words: the first correction builds tables that are then cached.
        """
        with self._database.reading() as connection:
            newest = latest_change(connection) or _NOTHING
        with self._mutex:
            self._catch_up(newest, -1)
        search(self.index, SearchRequest(text="imagge clasificatoin"))

    def _mend(self) -> bool:
        """Builds a damaged index again and returns True; False if that was done a short time ago."""
        with self._mutex:
            if self._mended is not None and time.monotonic() - self._mended < _MEND_SECONDS:
                return False
            _log.warning("The search index in %s is damaged; the hub builds it again.", self.index.folder)
            self._mended = time.monotonic()
            with self._lock.acquire():
                self._position_file.unlink(missing_ok=True)
                self._apply()
            return True

    def _catch_up(self, newest: Change, wait: float) -> None:
        if newest == self._seen:
            return
        try:
            with self._lock.acquire(timeout=wait):
                self._apply()
        except filelock.Timeout:
            self.index.reload()

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
            self._write_position(newest)
        self.index.reload()
        self._seen = newest

    def _rebuild(self, connection: sa.Connection) -> None:
        self.index.clear()
        with self.index.changing(bulk=True) as change:
            for document in all_documents(connection, self._audience):
                change.put(document, is_new=True)

    def _update(self, connection: sa.Connection, position: Change) -> None:
        changed = changed_models(connection, position.sequence)
        # The document of a model lists the formats of its children, and that of a child has its parent's
        # task.
        for start in range(0, len(changed), 500):
            changed += parents_and_children(connection, changed[start : start + 500])
        changed = list(dict.fromkeys(changed))
        with self.index.changing(bulk=len(changed) > 1000) as change:
            for start in range(0, len(changed), 500):
                ids = changed[start : start + 500]
                found = {document.id: document for document in documents_of(connection, ids, self._audience)}
                for model_id in ids:
                    change.remove(model_id)
                    if model_id in found:
                        change.put(found[model_id], is_new=True)

    def _read_position(self) -> Change | None:
        """Returns the last change in the index on disk; None if the index has to be built again."""
        try:
            value = json.loads(self._position_file.read_text(encoding="utf-8"))
            return Change(value["sequence"], value["at"]) if value["layout"] == LAYOUT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write_position(self, position: Change) -> None:
        value = {"layout": LAYOUT, "sequence": position.sequence, "at": position.at}
        beside = self._position_file.with_suffix(".new")
        beside.write_text(json.dumps(value), encoding="utf-8")
        beside.replace(self._position_file)


def _is_damage(error: BaseException) -> bool:
    """Whether Tantivy could not read its files: it raises ValueError, or panics, which is no Exception."""
    return isinstance(error, ValueError) or type(error).__name__ == "PanicException"
