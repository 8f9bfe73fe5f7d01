"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from tqdm import tqdm


class Progress:
    """Called with (what, done, total); shows a bar for each `what`. A context manager."""

    def __init__(self, unit: str = "") -> None:
        self._bar: tqdm[Any] | None = None
        self._what = ""
        self._unit = unit

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Moves the bar of `what` to `done`."""
        if what != self._what:
            self._close()
            self._what = what
            self._bar = tqdm(
                total=total, desc=what, unit=self._unit, file=sys.stderr, disable=not sys.stderr.isatty()
            )
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
