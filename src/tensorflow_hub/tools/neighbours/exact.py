"""Exact search: a query is compared with every vector."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tensorflow_hub.tools.matrices import Matrix

Indices = npt.NDArray[np.int64]
_BLOCK = 64


def exact_search(vectors: Matrix, queries: Matrix, k: int) -> tuple[Indices, Matrix]:
    """The nearest vectors of each query.

    Args:
      vectors: float32 [count, dimension], of unit length; may be a memory map.
      queries: float32 [q, dimension], of unit length.
      k: the number of vectors to find for each query; at most `count`.

    Returns:
      The numbers of the vectors, int64 [q, k], and their cosines, float32 [q, k]; the nearest vectors first.
    """
    numbers, cosines = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), _BLOCK):
        rows = slice(start, start + _BLOCK)
        numbers[rows], cosines[rows] = best_of(queries[rows] @ vectors.T, k)
    return numbers, cosines


def best_of(scores: Matrix, k: int) -> tuple[Indices, Matrix]:
    """The indices and values of the `k` largest scores along the last axis, the largest first.

    >>> best_of(np.array([0.1, 0.3, 0.2], np.float32), 2)[0].tolist()
    [1, 2]
    """
    best = np.argpartition(-scores, k - 1, axis=-1)[..., :k]
    order = np.argsort(-np.take_along_axis(scores, best, -1), axis=-1, kind="stable")
    best = np.take_along_axis(best, order, -1)
    return best, np.take_along_axis(scores, best, -1)
