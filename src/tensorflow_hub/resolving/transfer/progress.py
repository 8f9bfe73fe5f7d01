"""The progress of a download: the bytes of all its threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tensorflow_hub.progress import OnProgress, Progress
from tensorflow_hub.settings import Settings


class DownloadProgress:
    """Counts the bytes of a download. Threads may share it.

    Args:
      title: the name of the download.
      on_progress: called with the title, the bytes that arrived, and the number of all bytes.
    """

    def __init__(self, title: str, on_progress: OnProgress) -> None:
        self._title = title
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._done = 0
        self._total: int | None = None

    def start(self, total: int | None, already: int = 0) -> None:
        """Sets the number of all bytes (None if it is not known), and of those that are there already."""
        with self._lock:
            self._done, self._total = already, total
            self._on_progress(self._title, already, total)

    def advance(self, count: int) -> None:
        """Adds `count` bytes that arrived."""
        with self._lock:
            self._done += count
            self._on_progress(self._title, self._done, self._total)


@contextlib.contextmanager
def shown_progress(title: str, settings: Settings) -> Iterator[DownloadProgress]:
    """The progress of a download, which is shown if the settings say so (`TFHUB_DOWNLOAD_PROGRESS`)."""
    with Progress("B", wanted=settings.download_progress) as progress:
        yield DownloadProgress(title, progress)
