"""Computing shards, on all engines: reading, computing and writing at the same time."""

from __future__ import annotations

import dataclasses
import itertools
import operator
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.batches import Row, ahead, in_parts
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.bulk.journal import Shard
from tensorflow_hub.tools.bulk.outputs import write_shard
from tensorflow_hub.tools.computation import Computation, Loaded
from tensorflow_hub.tools.datasets.examples import Skipped
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
        parts = _parts(job, shards, computation.rows_at_once)
        loaded = ahead((number, rows, computation.load(rows)) for number, rows in parts)
        for number, group in itertools.groupby(loaded, operator.itemgetter(0)):
            results = _Results(number)
            for _, rows, part in group:
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
    keys: list[str] = dataclasses.field(default_factory=list)
    vectors: list[Matrix] = dataclasses.field(default_factory=list)
    skipped: list[Skipped] = dataclasses.field(default_factory=list)

    def add(self, rows: Sequence[Row], part: Loaded, vectors: Matrix) -> None:
        self.keys += [rows[place][0] for place in part.places]
        self.skipped += [Skipped(rows[place][0], reason) for place, reason in part.problems]
        self.vectors.append(vectors)

    def write(self, job: Job, on_shard: OnShard) -> None:
        vectors = np.concatenate(self.vectors)
        write_shard(job.folder, self.number, job.format, self.keys, vectors)
        read = len(self.keys) + len(self.skipped)
        on_shard(Shard(self.number, read, len(self.keys), vectors.shape[1], tuple(self.skipped)))


def _parts(job: Job, shards: range, size: int) -> Iterator[tuple[int, list[Row]]]:
    """Yields parts of rows with the number of their shard, without the rows of finished shards."""
    rows = job.source.rows(shards.start * job.shard_size)
    for number in shards:
        found = 0
        for part in in_parts(itertools.islice(rows, job.shard_size), size):
            found += len(part)
            if number not in job.finished:
                yield number, part
        if not found:
            return
