"""Computing shards, on all engines: reading, computing and writing at the same time."""

from __future__ import annotations

import dataclasses
import itertools
import operator
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.bulk.computing import Computation, Loaded, arrow, keys_of, skipped_of
from tensorflow_hub.tools.bulk.inputs import Rows
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.bulk.journal import Shard
from tensorflow_hub.tools.bulk.outputs import write_shard
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.datasets.tables import CHUNK
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.matrices import Matrix


def compute_shards(
    job: Job,
    encoder: Encoder,
    shards: range,
    on_shard: OnShard,
    *,
    on_progress: OnProgress = ignore_progress,
    threads: int = 4,
) -> None:
    """Computes shards that are not finished. One thread reads, this one computes, another one writes.

    Args:
      job: the job.
      encoder: its module.
      shards: the numbers of the shards. Numbers beyond the end of the input are ignored.
      on_shard: called for each shard when its file is written.
      on_progress: called after each batch.
      threads: the number of threads that decode images.
    """
    done = 0
    with Computation(encoder, job.batch_size, threads) as computation, ThreadPoolExecutor(1) as writer:
        writing: Future[None] | None = None
        pieces = _pieces(job, shards, computation.batch_size)
        loaded = _ahead((number, rows, computation.load(rows)) for number, rows in pieces)
        for number, parts in itertools.groupby(loaded, operator.itemgetter(0)):
            results = _Results(number)
            for _, rows, part in parts:
                results.add(rows, part, computation.vectors(part))
                done += len(rows)
                on_progress("rows", done, None)
            if writing:
                writing.result()  # so that at most two shards are in memory
            writing = writer.submit(results.write, job, on_shard)
        if writing:
            writing.result()


@dataclasses.dataclass
class _Results:
    """The results of a shard so far."""

    number: int
    keys: list[Any] = dataclasses.field(default_factory=list)
    vectors: list[Matrix] = dataclasses.field(default_factory=list)
    skipped: list[Skipped] = dataclasses.field(default_factory=list)

    def add(self, rows: Rows, part: Loaded, vectors: Matrix) -> None:
        self.keys.append(keys_of(rows, part))
        self.skipped += skipped_of(rows, part)
        self.vectors.append(vectors)

    def write(self, job: Job, on_shard: OnShard) -> None:
        keys, vectors = arrow.concat_arrays(self.keys), np.concatenate(self.vectors)
        write_shard(job.folder, self.number, job.format, keys, vectors)
        read = len(keys) + len(self.skipped)
        on_shard(Shard(self.number, read, len(keys), vectors.shape[1]), self.skipped)


def _pieces(job: Job, shards: range, batch_size: int) -> Iterator[tuple[int, Rows]]:
    """Yields pieces of rows with the number of their shard, without the rows of finished shards.

    A piece of images is one batch. A piece of texts has several batches, so that texts can be sorted by
    length.
    """
    most = batch_size if job.source.kind == "image" else max(batch_size, CHUNK)
    position = shards.start * job.shard_size
    for rows in job.source.rows(position):
        start = 0
        while start < len(rows):
            number, within = divmod(position + start, job.shard_size)
            if number >= shards.stop:
                return
            piece = rows[start : start + min(most, job.shard_size - within)]
            if number not in job.finished:
                yield number, piece
            start += len(piece)
        position += len(rows)


T = TypeVar("T")


def _ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """Yields the same items. A thread computes up to `depth` of them ahead."""
    waiting: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: tuple[T] | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def make() -> None:
        try:
            for item in items:
                put((item,))
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=make, name="apply-reader", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        stop.set()
        thread.join()
