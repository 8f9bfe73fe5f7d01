"""When a request is repeated, and how long to wait before."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import random
import re
from collections.abc import Mapping

# The statuses of temporary errors (RFC 9110, RFC 6585, RFC 8470).
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """How often a request is repeated, and after which pauses.

    Attributes:
      retries: the number of repetitions.
      connect_retries: the number of repetitions if no connection can be opened. It is smaller, so that a hub
        that is not running is reported soon.
      base: the largest first pause in seconds. It is doubled for each further pause.
      longest: the longest pause in seconds, if the server does not ask for a pause.
      longest_asked: the longest `Retry-After` in seconds that is waited for.
    """

    retries: int = 5
    connect_retries: int = 2
    base: float = 0.5
    longest: float = 30.0
    longest_asked: float = 300.0

    def pause(self, attempt: int, asked: float | None = None) -> float | None:
        """The pause before a repetition in seconds; None if the server asks for a pause that is too long.

        Args:
          attempt: the number of the attempt that failed, from 0.
          asked: the seconds of `Retry-After`; None without it.
        """
        if asked is not None:
            # A random addition, so that not all clients repeat their requests at the same time.
            return asked + random.uniform(0, self.base) if asked <= self.longest_asked else None
        return random.uniform(0.5, 1.0) * min(self.longest, self.base * float(2**attempt))

    def patience(self, attempts: int, asked: float | None = None, answer: float = 0.0) -> float:
        """The longest time in seconds until a request is given up, if all attempts fail in the same way.

        Args:
          attempts: the number of repetitions.
          asked: the seconds of `Retry-After`; None without it.
          answer: the seconds until an attempt fails.

        >>> RetryPolicy().patience(5), RetryPolicy().patience(2, asked=10.0, answer=1.0)
        (15.5, 23.0)
        """
        pauses = (min(self.longest, self.base * float(2**attempt)) for attempt in range(attempts))
        waited = sum(pauses) if asked is None else attempts * (asked + self.base)
        return waited + attempts * answer


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """The pause in seconds that an answer asks for, by `Retry-After` or `RateLimit`; None for none.

    >>> asked_pause({"RateLimit": '"api";r=0;t=55'})
    55.0
    """
    asked = parse_retry_after(headers.get("Retry-After"))
    if asked is None:
        # IETF draft "RateLimit header fields for HTTP": `r` requests remain, more in `t` seconds.
        limit = re.search(r";\s*t=(\d{1,9})\b", headers.get("RateLimit", ""))
        asked = float(limit[1]) if limit else None
    return asked


def parse_retry_after(value: str | None, now: datetime.datetime | None = None) -> float | None:
    """Parses a header `Retry-After` (RFC 9110 §10.2.3): seconds, or an HTTP date; else None.

    >>> parse_retry_after("120")
    120.0
    >>> parse_retry_after("soon") is None
    True
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    now = now or datetime.datetime.now(datetime.timezone.utc)
    return max(0.0, (date - now).total_seconds())
