"""Approximate search among many vectors: an inverted file of short codes, by the library faiss.

Building groups the vectors into cells (`IVF`) and keeps a code of four bits for each pair of numbers
(`PQ…x4fs`: product quantisation, laid out for the processor's vector instructions). A query is compared with
the codes in the cells nearest to it; the best of them are then compared with the vectors themselves.

Sources: Jégou, Douze, Schmid, "Product quantization for nearest neighbor search" (2011), and, for codes of
four bits, André, Kermarrec, Le Scouarnec, "Quicker ADC" (2018).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.tools.datasets.tables import require
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.neighbours.exact import Indices, best_of, exact_search

MINIMUM = 1000
"""How many vectors there must be: cells and codes are learned from them."""
CANDIDATES = 256
"""How many vectors a query is compared with exactly, at least."""
RECALL = 0.97
"""The part of the ten nearest that an index must find for some of its own vectors when it is built.

For queries from outside it is one or two hundredths less; `benchmarks/neighbours.py` measures both.
"""
_NOTHING = 0.002
_BLOCK = 65_536
_SAMPLE = 256
_TRAINING_VECTORS_PER_CELL = 40  # faiss asks for 39


def build(vectors: Matrix) -> Any:
    """Makes a searchable index.

    Args:
      vectors: float32 [count, dimension], of unit length, at least MINIMUM; may be a memory map.

    Returns:
      The index: `save` writes it, `search` asks it.
    """
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
      FileNotFoundError: there is none.
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
    """The nearest vectors of each query, nearly always.

    Args:
      index: of `vectors`.
      vectors: float32 [count, dimension], of unit length.
      queries: float32 [q, dimension], of unit length.
      k: how many; at most `count`.

    Returns:
      Numbers of vectors, int64 [q, k], and cosines, float32 [q, k]; the best first.
    """
    numbers = np.empty((len(queries), k), np.int64)
    cosines = np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), _SAMPLE):
        block = queries[start : start + _SAMPLE]
        _, found = index.search(_even(block), min(len(vectors), max(CANDIDATES, 4 * k)))
        for row, (query, numbers_found) in enumerate(zip(block, found, strict=True), start):
            candidates = np.sort(numbers_found[numbers_found >= 0])  # -1 stands where cells held fewer
            if len(candidates) < k:
                numbers[row], cosines[row] = (each[0] for each in exact_search(vectors, query[None], k))
                continue
            best, values = best_of(vectors[candidates] @ query, k)
            numbers[row], cosines[row] = candidates[best], values
    return numbers, cosines


def _cells_to_search(index: Any, vectors: Matrix) -> int:
    """The number of cells from which on the index finds enough of what exact search finds.

    It ends earlier where more cells bring nothing: with many equal vectors, no index finds the same ten.
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
    """At most `wanted` numbers below `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).astype(np.int64))


def _even(vectors: Matrix) -> Matrix:
    """Vectors with an even number of columns, for codes of pairs: a column of zeros changes no product."""
    return np.ascontiguousarray(np.pad(vectors, ((0, 0), (0, vectors.shape[1] % 2))), np.float32)
