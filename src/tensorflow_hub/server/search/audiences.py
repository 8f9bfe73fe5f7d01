"""A search index for each audience, so that no answer is made from what its readers may not read.

To leave out private hits is not enough. Which words are known, which correction is likely, how rare a word
is and so which model comes first: all of it is counted over an index, and would tell strangers what is in it.
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

# Indexes open at once in a process; the one not asked for longest is closed first. It stays on disk.
_MOST_OPEN = 32
# An index that nobody asked for so long is removed from disk; that it is asked is noted once an hour.
_UNUSED_SECONDS, _NOTED_SECONDS = 30 * 86_400, 3600

Answer = TypeVar("Answer")


class AudienceIndexes:
    """The indexes of a catalogue, each made when its audience first asks.

    Args:
      database: the catalogue.
      folder: where they are: `public`, `everything`, `of-<publisher>` for each private publisher, and
        `several-<digest>` for members of several.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._lock = threading.Lock()
        self._open: OrderedDict[Audience, SearchFollower] = OrderedDict()

    def answer(
        self, connection: sa.Connection, audience: Audience, question: Callable[[SearchIndex], Answer]
    ) -> Answer:
        """The result of `question`, asked of an audience's index with every change that is visible now."""
        return self._follower(narrowest(connection, audience)).answer(connection, question)

    def build(self) -> None:
        """Makes the index for the public, which most ask; to be called when a hub starts."""
        self._follower(PUBLIC).build()

    def _follower(self, audience: Audience) -> SearchFollower:
        folder = self._folder / _folder_name(audience)
        _note_use(folder)
        follower = self._open.get(audience)
        if follower is None:  # opened without the lock: it may wait for another process
            _remove_unused(self._folder)
            follower = SearchFollower(self._database, folder, audience)
        with self._lock:
            follower = self._open.setdefault(audience, follower)
            self._open.move_to_end(audience)
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        return follower


def _note_use(folder: Path) -> None:
    """Notes on disk that an index is asked, for `_remove_unused` of all processes."""
    used = folder / "used"
    if not used.is_file() or time.time() - used.stat().st_mtime > _NOTED_SECONDS:
        folder.mkdir(parents=True, exist_ok=True)
        used.touch()


def _remove_unused(parent: Path) -> None:
    """Removes the indexes that nobody asked for long, such as those for members who left.

    A process that still has one open reads on in the removed files, and makes the index again with the next
    change. The file of the lock stays: another process may wait for it.
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
    """A name for the folder of an audience.

    No two audiences share one: with several publishers it is a digest, and begins as no other does.

    >>> _folder_name(PUBLIC), _folder_name(Audience(("acme",))), _folder_name(Audience(("a", "b")))
    ('public', 'of-acme', 'several-c14cddc033f64b9dea80ea675cf280a0')
    """
    if audience.publishers is None:
        return "everything"
    if len(audience.publishers) > 1:
        return f"several-{hashlib.sha256('/'.join(audience.publishers).encode()).hexdigest()[:32]}"
    return f"of-{audience.publishers[0]}" if audience.publishers else "public"
