"""When a request is sent again, and how long to wait before."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import random
import re
from collections.abc import Mapping

# Answers that say "not now" (RFC 9110, RFC 6585, RFC 8470).
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """How often and after how long a request is repeated.

    Attributes:
      retries: how many times after the first.
      connect_retries: how many times when no connection came about at all: a hub that is not running
        should be reported soon.
      base: seconds; the ceiling of the first pause, doubled for each one after.
      longest: seconds; no pause of our own choice is longer.
      longest_asked: seconds; a `Retry-After` above this is not waited for.
    """

    retries: int = 5
    connect_retries: int = 2
    base: float = 0.5
    longest: float = 30.0
    longest_asked: float = 300.0

    def pause(self, attempt: int, asked: float | None = None) -> float | None:
        """Seconds to wait before repeating, None when the server asks for more patience than we have.

        Args:
          attempt: 0 for the pause after the first request.
          asked: seconds from `Retry-After`, None when there was none.
        """
        if asked is not None:
            # A little on top, different for each client, so that they do not all come back at once.
            return asked + random.uniform(0, self.base) if asked <= self.longest_asked else None
        return random.uniform(0.5, 1.0) * min(self.longest, self.base * float(2**attempt))

    def patience(self, attempts: int, asked: float | None = None, answer: float = 0.0) -> float:
        """Seconds after which a request is given up at the latest, when nothing changes.

        Args:
          attempts: how many times it is repeated.
          asked: seconds from `Retry-After`, None when there was none.
          answer: seconds that each request takes to fail.

        >>> RetryPolicy().patience(5), RetryPolicy().patience(2, asked=10.0, answer=1.0)
        (15.5, 23.0)
        """
        pauses = (min(self.longest, self.base * float(2**attempt)) for attempt in range(attempts))
        waited = sum(pauses) if asked is None else attempts * (asked + self.base)
        return waited + attempts * answer


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to wait: by `Retry-After`, or as Hugging Face says it; None without.

    >>> asked_pause({"RateLimit": '"api";r=0;t=55'})
    55.0
    """
    asked = parse_retry_after(headers.get("Retry-After"))
    if asked is None:
        # IETF draft "RateLimit header fields for HTTP": what remains, and seconds until there is more.
        limit = re.search(r";\s*t=(\d{1,9})\b", headers.get("RateLimit", ""))
        asked = float(limit[1]) if limit else None
    return asked


def parse_retry_after(value: str | None, now: datetime.datetime | None = None) -> float | None:
    """Reads a `Retry-After` header (RFC 9110 §10.2.3): seconds or an HTTP date; None when absent or broken.

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
