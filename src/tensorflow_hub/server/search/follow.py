"""Keeps the index equal to the catalogue: before each search, what changed since is looked at again.

The processes of one machine share the index. Whoever notices a change first takes the lock, applies
what is new and notes in `position.json` how far it came; the others read the result. An index that is
missing, damaged, of another layout or of another catalogue is made again.
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
# A search waits no longer for another process; then it answers from the index as it is.
_WAIT_SECONDS = 10.0
# An index that is damaged again so soon is not made once more: something else is wrong.
_MEND_SECONDS = 600.0

Answer = TypeVar("Answer")
_log = logging.getLogger("tensorflow_hub.server")


class SearchFollower:
    """The index of one catalogue for one audience, in one process.

    Args:
      database: the catalogue.
      folder: where the index and its position are; may be shared with other processes of this machine.
      audience: for whom: of what they may not read nothing is in the index.
    """

    def __init__(self, database: Database, folder: Path, audience: Audience = PUBLIC) -> None:
        self._database = database
        self._audience = audience
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(folder / "lock")
        self._mutex = threading.Lock()
        # Two processes that start at once do not both make the index; one that is made just now is there.
        with contextlib.suppress(filelock.Timeout), self._lock.acquire(timeout=_WAIT_SECONDS):
            SearchIndex(folder / "index")
        self.index = SearchIndex(folder / "index")
        # In the folder of the index: who makes that anew loses the position too.
        self._position_file = self.index.folder / "position.json"
        self._seen = self._read_position()
        self._mended: float | None = None

    def refresh(self, connection: sa.Connection) -> SearchIndex:
        """The index, with every change that is visible now (or, if another process works on it for long,
        without the latest).
        """
        newest = latest_change(connection) or _NOTHING
        if newest != self._seen and self._mutex.acquire(timeout=_WAIT_SECONDS):
            try:
                self._catch_up(newest, _WAIT_SECONDS)
            finally:
                self._mutex.release()
        return self.index

    def answer(self, connection: sa.Connection, question: Callable[[SearchIndex], Answer]) -> Answer:
        """The result of `question`, asked of the index with every change that is visible now.

        An index whose files turn out to be damaged is made again, and the question asked once more.
        """
        try:
            return question(self.refresh(connection))
        except BaseException as error:
            if not _is_damage(error) or not self._mend():
                raise
        return question(self.index)

    def build(self) -> None:
        """Waits until the index has everything that is visible now; to be called when a hub starts.

        Also asks a mistyped question: the first one takes a moment for tables that are then kept.
        """
        with self._database.reading() as connection:
            newest = latest_change(connection) or _NOTHING
        with self._mutex:
            self._catch_up(newest, -1)
        search(self.index, SearchRequest(text="imagge clasificatoin"))

    def _mend(self) -> bool:
        """Makes a damaged index again, unless that was just done and did not help."""
        with self._mutex:
            if self._mended is not None and time.monotonic() - self._mended < _MEND_SECONDS:
                return False
            _log.warning("The search index in %s is damaged; it is made again.", self.index.folder)
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
        """Brings index and position up to date; under the lock."""
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
        # A model has the formats of what belongs to it, and a form of a model the task of that model.
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
        """How far the index on disk is; None when it has to be made again."""
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
