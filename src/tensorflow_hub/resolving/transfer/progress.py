"""The bytes of a download, added up over its threads and shown as progress."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tensorflow_hub.progress import OnProgress, Progress
from tensorflow_hub.settings import Settings


class DownloadProgress:
    """What the parts of a download report to. Several threads may.

    Args:
      title: what is downloaded.
      on_progress: called with the title, the bytes that are there, and the bytes in all.
    """

    def __init__(self, title: str, on_progress: OnProgress) -> None:
        self._title = title
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._done = 0
        self._total: int | None = None

    def start(self, total: int | None, already: int = 0) -> None:
        """Tells how many bytes there are in all (None: not known), and how many are there already."""
        with self._lock:
            self._done, self._total = already, total
            self._on_progress(self._title, already, total)

    def advance(self, count: int) -> None:
        """Tells that `count` more bytes came."""
        with self._lock:
            self._done += count
            self._on_progress(self._title, self._done, self._total)


@contextlib.contextmanager
def shown_progress(title: str, settings: Settings) -> Iterator[DownloadProgress]:
    """The progress of a download, shown as the settings say (`TFHUB_DOWNLOAD_PROGRESS`)."""
    with Progress("B", wanted=settings.download_progress) as progress:
        yield DownloadProgress(title, progress)
