"""Progress of long work: a bar on a terminal, lines in a log, or nothing.

Functions that take long have an argument of the type `OnProgress`. `Progress` is an `OnProgress` that shows
the progress to people.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

# A function that is called with the name of the step ("packing", "rows"), the amount done, and the total
# amount (None if it is not known).
OnProgress = Callable[[str, int, int | None], None]
_SECONDS_BETWEEN_LINES = 10.0
_LONGEST_TITLE = 31


def ignore_progress(what: str, done: int, total: int | None) -> None:
    """An `OnProgress` that shows nothing."""


class Progress:
    """An `OnProgress` that shows a bar for each `what` on standard error. A context manager.

    Several threads may call it.

    Args:
      unit: the unit of the amounts: `B` for bytes, ` rows`, …
      wanted: None to show progress on a terminal only; True to show it also elsewhere, as a line every ten
        seconds; False to show nothing.
    """

    def __init__(self, unit: str = "", *, wanted: bool | None = None) -> None:
        terminal = _is_terminal()
        shown = terminal if wanted is None else wanted
        self._make: type[_Bar] | type[_Lines] | None = (_Bar if terminal else _Lines) if shown else None
        self._unit = unit
        self._lock = threading.Lock()
        self._begun: tuple[str, int | None] | None = None
        self._view: _Bar | _Lines | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # a thread that ends late shows nothing any more
            self._close()
            self._make = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Shows the progress of a step; `total` is None if it is not known."""
        with self._lock:
            if self._make is None:
                return
            if self._view is None or self._begun != (what, total) or done < self._view.done:
                self._close()
                self._begun, self._view = (what, total), self._make(what, done, total, self._unit)
            else:
                self._view.move(done)

    def _close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None


class _Bar:
    """A bar with rate and time left."""

    def __init__(self, what: str, done: int, total: int | None, unit: str) -> None:
        import tqdm

        self._bar: Any = tqdm.tqdm(
            desc=shortened(what),
            total=total,
            initial=done,
            unit=unit,
            unit_scale=unit == "B",
            dynamic_ncols=True,
            leave=False,
        )

    @property
    def done(self) -> int:
        return int(self._bar.n)

    def move(self, done: int) -> None:
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Lines:
    """A line every ten seconds and one at the end."""

    def __init__(self, what: str, done: int, total: int | None, unit: str) -> None:
        self._what, self._total = what, total
        self._unit, self._factor = (" MB", 1e6) if unit == "B" else (unit, 1.0)
        self.done = self._before = done
        self._started = self._last = time.monotonic()

    def move(self, done: int) -> None:
        self.done = done
        if time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self.close()

    def close(self) -> None:
        """Writes a line."""
        rate = (self.done - self._before) / max(time.monotonic() - self._started, 1e-3)
        of = f" of {self._shown(self._total)}" if self._total else ""
        missing = (self._total or 0) - self.done
        left = f", {missing / rate:,.0f} s left" if missing > 0 and rate else ""
        how_far = f"{self._shown(self.done)}{of}{self._unit}, {self._shown(rate)}{self._unit}/s{left}"
        sys.stderr.write(f"{self._what}: {how_far}\n")
        sys.stderr.flush()

    def _shown(self, count: float) -> str:
        return f"{count / self._factor:,.1f}"


def shortened(title: str) -> str:
    """The end of a handle, short enough for a terminal of 80 columns beside rate and remaining time.

    >>> shortened("https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/classification/5")
    '…et_v2_100_224/classification/5'
    >>> shortened("https://hub.example/acme/text/1")
    'hub.example/acme/text/1'
    """
    text = title.partition("://")[2] or title
    return text if len(text) <= _LONGEST_TITLE else f"…{text[1 - _LONGEST_TITLE :]}"


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # standard error is missing or closed
        return False
