"""Searches vectors with the library faiss: exactly or, among many vectors, approximately.

Exact search compares a query with every vector. Approximate search uses an inverted file of short codes. The
vectors are grouped into cells (`IVF`). For each pair of numbers of a vector a code of four bits is stored
(`PQ…x4fs`: product quantization, in the layout for the processor's vector instructions). A query is compared
with the codes in the nearest cells. Then it is compared with the vectors of the best codes.

Sources: Jégou, Douze, Schmid, "Product quantization for nearest neighbor search" (2011), and, for codes of
four bits, André, Kermarrec, Le Scouarnec, "Quicker ADC" (2018).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.matrices import Matrix

Indices = npt.NDArray[np.int64]
MINIMUM = 1000
"""The least number of vectors of an index: cells and codes are learned from them."""
CANDIDATES = 256
"""The least number of vectors that a query is compared with exactly."""
RECALL = 0.97
"""The share of the ten nearest vectors that a new index has to find, measured with some of its own vectors.

For queries that are not in the index it is lower by 0.01 to 0.02; `benchmarks/neighbours.py` measures both.
"""
_NOTHING = 0.002
_BLOCK = 65_536
_SAMPLE = 256
_TRAINING_VECTORS_PER_CELL = 40  # faiss asks for 39


def exact_search(vectors: Matrix, queries: Matrix, k: int) -> tuple[Indices, Matrix]:
    """Returns the numbers of the `k` nearest vectors of each query, int64 [q, k], and their cosines, float32.

    The nearest vectors come first. Vectors [count, dimension] and queries [q, dimension] are float32 of unit
    length. There are `k` vectors or more; they may be a memory map.
    """
    faiss = require("faiss")
    cosines, numbers = faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
    return numbers, cosines


def build(vectors: Matrix) -> Any:
    """Makes an index of MINIMUM or more vectors, float32 [count, dimension] of unit length, for `search`."""
    faiss = require("faiss")
    count, dimension = vectors.shape
    cells = min(int(4 * count**0.5), count // _TRAINING_VECTORS_PER_CELL)
    width = dimension + dimension % 2
    index = faiss.index_factory(width, f"IVF{cells},PQ{width // 2}x4fs", faiss.METRIC_INNER_PRODUCT)
    chosen = _spread(count, _TRAINING_VECTORS_PER_CELL * cells)
    index.train(_even(vectors[chosen]))
    for start in range(0, count, _BLOCK):
        index.add(_even(vectors[start : start + _BLOCK]))
    index.nprobe = _cells_to_search(index, vectors)
    return index


def save(index: Any, path: Path) -> None:
    """Writes an index to a file."""
    require("faiss").write_index(index, os.fspath(path))


def load(path: Path) -> Any:
    """Opens an index that `save` wrote, mapped into memory.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is damaged.
    """
    faiss = require("faiss")
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is missing")
    try:
        return faiss.read_index(os.fspath(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ValueError(f"{path.name} is damaged") from error


def search(index: Any, vectors: Matrix, queries: Matrix, k: int) -> tuple[Indices, Matrix]:
    """Returns the nearest vectors of each query, as `exact_search`, but a few of them may be missing."""
    numbers = np.empty((len(queries), k), np.int64)
    cosines = np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), _SAMPLE):
        block = queries[start : start + _SAMPLE]
        _, near = index.search(_even(block), min(len(vectors), max(CANDIDATES, 4 * k)))
        for row, (query, numbers_found) in enumerate(zip(block, near, strict=True), start):
            candidates = np.sort(numbers_found[numbers_found >= 0])  # -1: the cells had fewer vectors
            if len(candidates) < k:
                numbers[row], cosines[row] = (found[0] for found in exact_search(vectors, query[None], k))
                continue
            best, values = exact_search(vectors[candidates], query[None], k)
            numbers[row], cosines[row] = candidates[best[0]], values[0]
    return numbers, cosines


def _cells_to_search(index: Any, vectors: Matrix) -> int:
    """Returns the least number of cells to search with which the index finds the share `RECALL`.

    The search for it ends early if more cells do not help: among many equal vectors the ten nearest ones are
    arbitrary.
    """
    sample = np.asarray(vectors[_spread(len(vectors), _SAMPLE)])
    wanted = exact_search(vectors, sample, 11)[0][:, 1:]  # the first is the query itself
    cells, recall, before = 4, 0.0, -1.0
    while recall < RECALL and recall - before > _NOTHING and cells < index.nlist:
        cells = min(2 * cells, index.nlist)
        index.nprobe, before = cells, recall
        found = search(index, vectors, sample, 11)[0]
        recall = float(np.mean([np.isin(row, near).mean() for row, near in zip(wanted, found, strict=True)]))
    return cells


def _spread(count: int, wanted: int) -> Indices:
    """Returns at most `wanted` evenly spaced numbers below `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).astype(np.int64))


def _even(vectors: Matrix) -> Matrix:
    """Returns vectors with an even number of columns, because codes are of pairs: zeros may be added."""
    return np.ascontiguousarray(np.pad(vectors, ((0, 0), (0, vectors.shape[1] % 2))), np.float32)
