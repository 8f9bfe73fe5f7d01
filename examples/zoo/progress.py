"""Lines that say how far a long job is, and how long the rest of it takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_EVERY = 15.0  # seconds between two lines


def counted(steps: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Gives `steps`, and now and then prints how much of `total` is done and what time is left."""
    start = shown = time.monotonic()
    for number, step in enumerate(steps):
        now = time.monotonic()
        if number == 1:
            start = now  # the first step is slow: TensorFlow traces and compiles
        elif number > total // 50 and now - shown > _EVERY:
            shown = now
            left = (now - start) / (number - 1) * (total - number)
            print(f"  {what}: {number / total:.0%}, {duration(left)} left", flush=True)
        yield step


def duration(seconds: float) -> str:
    """Seconds up to a minute and a half, then minutes.

    >>> duration(40), duration(400)
    ('40 s', '7 min')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
