"""How far a download is: a bar on a terminal, quiet lines in a log, or nothing."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Protocol

from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")
_SECONDS_BETWEEN_LINES = 10.0
_LONGEST_TITLE = 31


class Progress(Protocol):
    """What a download reports to. May be called by several threads."""

    def start(self, total: int | None, already: int = 0) -> None:
        """Tells how many bytes there are in all (None: not known), and how many are there already."""

    def advance(self, count: int) -> None:
        """Tells that `count` more bytes came."""

    def close(self) -> None:
        """Tells that no more come."""


class Silent:
    """Shows nothing."""

    def start(self, total: int | None, already: int = 0) -> None:  # noqa: D102
        pass

    def advance(self, count: int) -> None:  # noqa: D102
        pass

    def close(self) -> None:  # noqa: D102
        pass


class Bar:
    """One bar for all parts of a download, with rate and time left."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._lock = threading.Lock()
        self._bar: Any = None

    def start(self, total: int | None, already: int = 0) -> None:  # noqa: D102
        import tqdm

        with self._lock:
            if self._bar is not None:
                self._bar.close()
            self._bar = tqdm.tqdm(
                desc=shortened(self._title),
                total=total,
                initial=already,
                unit="B",
                unit_scale=True,
                dynamic_ncols=True,
                leave=False,
            )

    def advance(self, count: int) -> None:  # noqa: D102
        with self._lock:
            if self._bar is not None:
                self._bar.update(count)

    def close(self) -> None:  # noqa: D102
        with self._lock:
            if self._bar is not None:
                self._bar.close()
                self._bar = None


class Lines:
    """A line each ten seconds and one at the end, to standard error."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._lock = threading.Lock()
        self._total: int | None = None
        self._done = 0
        self._fresh = 0
        self._begun = False
        self._started = self._last = time.monotonic()

    def start(self, total: int | None, already: int = 0) -> None:  # noqa: D102
        self._total, self._done, self._fresh, self._begun = total, already, 0, True
        self._started = self._last = time.monotonic()

    def advance(self, count: int) -> None:  # noqa: D102
        with self._lock:
            self._done += count
            self._fresh += count
            if time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
                self._last = time.monotonic()
                self._print()

    def close(self) -> None:  # noqa: D102
        with self._lock:
            if self._begun:
                self._print()

    def _print(self) -> None:
        rate = self._fresh / max(time.monotonic() - self._started, 1e-3)
        of = f" of {self._total / 1e6:,.1f}" if self._total else ""
        missing = (self._total or 0) - self._done
        left = f", {missing / rate:,.0f} s left" if missing > 0 and rate else ""
        sys.stderr.write(f"{self._title}: {self._done / 1e6:,.1f}{of} MB, {rate / 1e6:,.1f} MB/s{left}\n")
        sys.stderr.flush()


def shortened(title: str) -> str:
    """A handle for a terminal of 80 columns, where rate and time left need 45: the end of it tells which.

    >>> shortened("https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/classification/5")
    '…et_v2_100_224/classification/5'
    >>> shortened("https://hub.example/acme/text/1")
    'hub.example/acme/text/1'
    """
    text = title.partition("://")[2] or title
    return text if len(text) <= _LONGEST_TITLE else f"…{text[1 - _LONGEST_TITLE :]}"


@contextlib.contextmanager
def shown_progress(title: str, settings: Settings) -> Iterator[Progress]:
    """The progress that the settings ask for.

    Args:
      title: what is downloaded.
      settings: `download_progress` True shows it, False does not, None only on a terminal.
    """
    try:
        terminal = sys.stderr.isatty()
    except (AttributeError, ValueError):
        terminal = False
    if settings.download_progress is False or (settings.download_progress is None and not terminal):
        progress: Progress = Silent()
    else:
        progress = Bar(title) if terminal else Lines(title)
    try:
        yield progress
    finally:
        progress.close()
