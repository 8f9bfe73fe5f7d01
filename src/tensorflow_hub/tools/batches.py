"""Batches of examples: texts of similar length together, images read while the batch before is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

_READING_THREADS = 4
_BATCHES_AHEAD = 2
# The largest number of characters in a batch whose texts are padded to the longest one.
_PADDED_CHARACTERS = 1 << 17

T = TypeVar("T")
Read = TypeVar("Read")


def batches_by_length(lengths: Any, size: int, padded: int = _PADDED_CHARACTERS) -> Iterator[Any]:
    """Yields groups of the indices of texts with similar lengths.

    Args:
      lengths: the lengths of the texts in characters, int [n].
      size: the largest number of texts in a group.
      padded: the largest number of characters in a group after padding: its number of texts times the length
        of the longest one. A single text may be longer.

    >>> [group.tolist() for group in batches_by_length([5, 1, 4, 2], 2)]
    [[0, 2], [3, 1]]
    >>> [group.tolist() for group in batches_by_length([100, 1, 1], 3, padded=150)]
    [[0], [1, 2]]
    """
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        end = start + max(1, min(size, padded // longest))
        yield order[start:end]
        start = end


def batches_read_ahead(
    items: Sequence[T], size: int, read: Callable[[T], Read]
) -> Iterator[tuple[Sequence[T], list[Read]]]:
    """Yields batches of items and the value of `read` for each item. Threads read the next batches meanwhile.

    >>> [(list(batch), values) for batch, values in batches_read_ahead([1, 2, 3], 2, lambda n: 10 * n)]
    [([1, 2], [10, 20]), ([3], [30])]
    """
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    with ThreadPoolExecutor(_READING_THREADS) as threads:
        waiting = [threads.map(read, batch) for batch in batches[:_BATCHES_AHEAD]]
        for number, batch in enumerate(batches):
            values = list(waiting.pop(0))
            if number + _BATCHES_AHEAD < len(batches):
                waiting.append(threads.map(read, batches[number + _BATCHES_AHEAD]))
            yield batch, values
