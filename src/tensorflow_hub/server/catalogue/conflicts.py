"""Repeats a transaction that failed because another one changed the same rows at the same time.

On PostgreSQL, two transactions can both see that a row is missing, and both add it: the second one then
fails. When it is repeated, it sees the row. SQLite has no such conflicts, because it allows one writer at a
time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

T = TypeVar("T")

# A transaction that adds a publisher, a model, a version and its files can meet another one at each of them.
_ATTEMPTS = 6
# The codes of PostgreSQL for a transaction that it ended because of a deadlock or of a change by another one.
_ENDED = {"40P01", "40001"}


def repeat_after_conflicts(work: Callable[[], T], attempts: int = _ATTEMPTS) -> T:
    """Calls `work`, which runs a whole transaction, and again if it fails because of another transaction.

    Args:
      work: it must be possible to call it several times: a transaction that failed has changed nothing.
      attempts: how often it is called at most.

    Raises:
      sqlalchemy.exc.DBAPIError: the last attempt failed, or the reason is no other transaction.
    """
    try:
        return work()
    except sa.exc.DBAPIError as error:
        if attempts == 1 or not _is_conflict(error):
            raise
    return repeat_after_conflicts(work, attempts - 1)


def _is_conflict(error: sa.exc.DBAPIError) -> bool:
    return isinstance(error, sa.exc.IntegrityError) or getattr(error.orig, "sqlstate", "") in _ENDED
