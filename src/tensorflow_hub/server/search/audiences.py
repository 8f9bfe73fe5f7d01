"""Keeps a search index for each audience, so that answers depend only on models that the audience may read.

It would not be enough to leave private models out of the results. The known words, the corrections and the
rarity of words, which decides the order, are counted over a whole index, and would reveal private content.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock
import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audience import PUBLIC, Audience, narrowest
from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.search.follow import SearchFollower
from tensorflow_hub.server.search.index import SearchIndex

# How many indexes are open in a process; the least recently used one is closed first. It stays on disk.
_MOST_OPEN = 32
# An index is removed from disk after so long without use; its use is recorded once an hour.
_UNUSED_SECONDS, _NOTED_SECONDS = 30 * 86_400, 3600

Answer = TypeVar("Answer")


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
        self._lock = threading.Lock()
        self._open: OrderedDict[Audience, SearchFollower] = OrderedDict()

    def answer(
        self, connection: sa.Connection, audience: Audience, question: Callable[[SearchIndex], Answer]
    ) -> Answer:
        """Returns the result of `question` for an audience's index, after adding the latest changes."""
        return self._follower(narrowest(connection, audience)).answer(connection, question)

    def build(self) -> None:
        """Builds the public index, which is used most; to be called when a hub starts."""
        self._follower(PUBLIC).build()

    def _follower(self, audience: Audience) -> SearchFollower:
        folder = self._folder / _folder_name(audience)
        _note_use(folder)
        follower = self._open.get(audience)
        if follower is None:  # opened without holding the lock, because it may wait for another process
            _remove_unused(self._folder)
            follower = SearchFollower(self._database, folder, audience)
        with self._lock:
            follower = self._open.setdefault(audience, follower)
            self._open.move_to_end(audience)
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        return follower


def _note_use(folder: Path) -> None:
    """Records on disk that an index is used, for `_remove_unused` in all processes."""
    used = folder / "used"
    if not used.is_file() or time.time() - used.stat().st_mtime > _NOTED_SECONDS:
        folder.mkdir(parents=True, exist_ok=True)
        used.touch()


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
