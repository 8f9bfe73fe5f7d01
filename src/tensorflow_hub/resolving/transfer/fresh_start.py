"""Starting a download again after a temporary fault."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from tensorflow_hub.errors import ArchiveError, DigestError, DownloadError, HubError
from tensorflow_hub.network.retry import RetryPolicy

T = TypeVar("T")

_log = logging.getLogger("tensorflow_hub")
# The faults after which a download is started again, and how often. A damaged archive is downloaded only once
# more, because usually it is damaged on the server.
_CURABLE: dict[type[HubError], int] = {DownloadError: 2, DigestError: 1, ArchiveError: 1}


def with_fresh_starts(fetch: Callable[[], T], policy: RetryPolicy) -> T:
    """Downloads something, and starts again if the download cannot be continued or is damaged.

    Examples of such faults are a wrong byte, a server that ignores ranges, a file that is replaced during the
    download, and a web page instead of an archive. They usually do not occur in the next attempt.

    Args:
      fetch: a function that makes one attempt, from the start.
      policy: how often to repeat, and after which pauses.

    Raises:
      HubError: the error of the last attempt.
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
