"""Transfers that begin anew after a fault that may pass."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from tensorflow_hub.errors import ArchiveError, DigestError, DownloadError, HubError
from tensorflow_hub.network.retry import RetryPolicy

T = TypeVar("T")

_log = logging.getLogger("tensorflow_hub")
# What a second try may cure, and how often it is worth one. A broken archive mostly is broken for good, and
# costs as much as a good one: once.
_CURABLE: dict[type[HubError], int] = {DownloadError: 2, DigestError: 1, ArchiveError: 1}


def with_fresh_starts(fetch: Callable[[], T], policy: RetryPolicy) -> T:
    """Fetches something; begins anew when it broke and cannot be continued, or came damaged.

    A wrong byte on the way, a server that ignores ranges, a file that is replaced meanwhile, a page in the
    place of an archive: with the next try they mostly are gone.

    Args:
      fetch: makes one try, from nothing.
      policy: how often anything is repeated, and after which pauses.

    Raises:
      HubError: that of the last try.
    """
    tries = 0
    while True:
        try:
            return fetch()
        except tuple(_CURABLE) as problem:
            if tries >= min(
                policy.retries, *(n for kind, n in _CURABLE.items() if isinstance(problem, kind))
            ):
                raise
            _log.warning("%s Starting over.", problem.problem)
            time.sleep(policy.pause(tries) or 0)
            tries += 1
