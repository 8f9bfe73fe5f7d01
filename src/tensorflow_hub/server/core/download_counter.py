"""Counts downloads in memory and adds them to the catalogue now and then: no write per request."""

from __future__ import annotations

import threading
import time
from collections import Counter

from tensorflow_hub.server.catalogue.counting import add_downloads
from tensorflow_hub.server.catalogue.database import Database

SECONDS_PER_DAY = 86400


class DownloadCounter:
    """The downloads since the last flush. Those not yet flushed are lost when the process is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, int]] = Counter()

    def count(self, version_id: int) -> None:
        """Counts a download of a version, today."""
        key = (version_id, int(time.time()) // SECONDS_PER_DAY)
        with self._lock:
            self._counts[key] += 1

    def flush(self, database: Database) -> None:
        """Adds what was counted to the catalogue; keeps it for the next time when that fails."""
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
