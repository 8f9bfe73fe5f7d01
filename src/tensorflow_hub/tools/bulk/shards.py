"""Computing shards, on all engines: reading, computing and writing at the same time."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.batches import ahead
from tensorflow_hub.tools.bulk.inputs import KEY
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.bulk.journal import Shard
from tensorflow_hub.tools.bulk.outputs import write_shard
from tensorflow_hub.tools.computation import Computation
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.matrices import Matrix


def compute_shards(
    job: Job,
    computation: Computation,
    shards: range,
    on_shard: OnShard,
    *,
    on_progress: OnProgress = ignore_progress,
) -> None:
    """Computes shards that are not finished. One thread reads, this one computes, another one writes.

    Args:
      job: the job.
      computation: applies its module.
      shards: the numbers of the shards. Numbers beyond the end of the input are ignored.
      on_shard: called for each shard when its file is written.
      on_progress: called after each batch.
    """
    done = 0
    with ThreadPoolExecutor(1) as writer:
        writing: Future[None] | None = None
        parts = _parts(job, shards, computation.rows_at_once)
        loaded = ahead((number, rows, computation.load(job.source.values(rows))) for number, rows in parts)
        for number, group in itertools.groupby(loaded, operator.itemgetter(0)):
            results = []
            for _, rows, part in group:
                results.append((rows[KEY], part.places, part.problems, computation.vectors(part)))
                done += rows.num_rows
                on_progress("rows", done, None)
            if writing:
                writing.result()  # so that at most two shards are in memory
            writing = writer.submit(_write, job, number, results, on_shard)
        if writing:
            writing.result()


def _write(job: Job, number: int, results: Sequence[tuple[Any, Any, Any, Matrix]], on_shard: OnShard) -> None:
    """Writes a shard: names of rows, places of those with vectors, problems of the others, vectors."""
    keys = require("pyarrow").concat_arrays([names.take(places) for names, places, _, _ in results])
    left_out = [(names[i].as_py(), reason) for names, _, problems, _ in results for i, reason in problems]
    skipped = tuple(itertools.starmap(Skipped, left_out))
    vectors = np.concatenate([vectors for *_, vectors in results])
    write_shard(job.folder, number, job.format, keys, vectors)
    on_shard(Shard(number, len(keys) + len(skipped), len(keys), vectors.shape[1], skipped))


def _parts(job: Job, shards: range, size: int) -> Iterator[tuple[int, Any]]:
    """Yields record batches of rows with the number of their shard, without those of finished shards."""
    place = shards.start * job.shard_size if job.source.is_parquet else 0
    for batch in job.source.rows(place):
        at = 0
        while at < batch.num_rows:
            number, within = divmod(place, job.shard_size)
            if number >= shards.stop:
                return
            part = batch.slice(at, min(size, job.shard_size - within))
            if number in shards and number not in job.finished:
                yield number, part
            at += part.num_rows
            place += part.num_rows
