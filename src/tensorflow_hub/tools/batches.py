"""Makes batches: texts of similar length together, the next batches prepared by other threads."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

_READING_THREADS = 4
# The largest number of characters in a batch whose texts are padded to the longest one.
_PADDED_CHARACTERS = 1 << 17

T = TypeVar("T")
Read = TypeVar("Read")


def in_parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yields lists of at most `size` consecutive items.

    >>> list(in_parts([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    iterator = iter(items)
    while part := list(itertools.islice(iterator, size)):
        yield part


def batches_by_length(lengths: Any, size: int, padded: int = _PADDED_CHARACTERS) -> Iterator[Any]:
    """Yields groups of the indices of texts with similar lengths in characters, int [n].

    A group has at most `size` texts, and at most `padded` characters if all are padded to the longest one. A
    single text may be longer.

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
    batches = (items[start : start + size] for start in range(0, len(items), size))
    with ThreadPoolExecutor(_READING_THREADS) as threads:
        yield from ahead((batch, list(threads.map(read, batch))) for batch in batches)


def ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """Yields the same items. A thread computes up to `depth` of them ahead.

    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    end: Any = object()
    with ThreadPoolExecutor(1) as thread:
        coming = collections.deque(thread.submit(next, items, end) for _ in range(depth))
        while (item := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, items, end))
            yield item
