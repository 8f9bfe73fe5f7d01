"""Counts downloads in memory, and adds them to the catalogue regularly, which saves a write per request."""

from __future__ import annotations

import threading
import time
from collections import Counter

from tensorflow_hub.server.catalogue.counting import add_downloads
from tensorflow_hub.server.catalogue.database import Database

SECONDS_PER_DAY = 86400


class DownloadCounter:
    """Counts the downloads since the last flush. They are lost if the process is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, int]] = Counter()

    def count(self, version_id: int) -> None:
        """Counts one download of a version for today."""
        key = (version_id, int(time.time()) // SECONDS_PER_DAY)
        with self._lock:
            self._counts[key] += 1

    def flush(self, database: Database) -> None:
        """Adds the counts to the catalogue. If that fails, they are kept for the next flush."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with database.writing() as connection:
                add_downloads(connection, counts)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise
