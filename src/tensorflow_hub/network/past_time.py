"""Times in the past, as the APIs of hubs give them."""

from __future__ import annotations

import datetime
import time


def past_time(text: str) -> float | None:
    """Returns a time that the API of a hub gives (ISO 8601), in seconds since 1970.

    None if it cannot be read or is in the future, as where a clock is wrong.

    >>> past_time("2019-03-01T12:00:00Z"), past_time("2999-01-01T00:00:00Z"), past_time("yesterday")
    (1551441600.0, None, None)
    """
    try:
        seconds = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if seconds <= time.time() else None
