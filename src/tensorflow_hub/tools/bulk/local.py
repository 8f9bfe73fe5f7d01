"""`apply` on this machine: read, compute and write at the same time, a shard after the other."""

from __future__ import annotations

import dataclasses
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.batches import Vectors
from tensorflow_hub.tools.bulk.inputs import Input, Row, open_input
from tensorflow_hub.tools.bulk.journal import Journal, Shard
from tensorflow_hub.tools.bulk.outputs import WRITERS, write_shard
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.encoders import Encoder, open_encoder

WINDOWS = {"text": 4096, "image": 256}


@dataclasses.dataclass(frozen=True)
class Applied:
    """What a run did.

    Attributes:
      output: the folder.
      rows: vectors in it, of all runs together.
      resumed: those that an earlier run had written.
      skipped: inputs that could not be used.
      dimension: of a vector.
      seconds: of this run.
    """

    output: Path
    rows: int
    resumed: int
    skipped: tuple[Skipped, ...]
    dimension: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "output": str(self.output),
            "rows": self.rows,
            "resumed": self.resumed,
            "skipped": len(self.skipped),
            "dimension": self.dimension,
            "seconds": round(self.seconds, 3),
        }


def apply(
    module: str,
    data: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    format: str = "parquet",
    text_column: str | None = None,
    batch_size: int | None = None,
    shard_size: int = 20_000,
    overwrite: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
    **module_options: Any,
) -> Applied:
    """Applies a module to every row of a file or every image in a folder.

    Memory stays the same however long the input is. An interrupted call, repeated, goes on at the shard it
    was interrupted in.

    Args:
      module: the handle of a module that gives one vector for an image or text.
      data: a folder of images; a `.txt` file with a text a line; a CSV, TSV, JSONL or Parquet table.
      output: the folder for `part-00000.parquet`, …; `skipped.jsonl` there lists what could not be used.
      format: `parquet` (columns `key`, `embedding`), `npy` (and `.keys.txt` beside), or `tfrecord`.
      text_column: the table's column of texts.
      batch_size: rows that go through the module at once, at most.
      shard_size: rows of a file of the output.
      overwrite: begin anew when the folder holds another job's output.
      progress: called with (what, rows done, None).
      **module_options: of `open_encoder`: `signature`, `output_key`, `preprocessor`, `image_size`.

    Returns:
      What was done.

    Raises:
      DataError: the input or the output folder cannot be used as asked.
      ModuleError: the module does not take such inputs.

    Example:
      done = hub.tools.apply("acme/sentences/1", "posts.parquet", "vectors", text_column="body")
      print(done.rows, len(done.skipped))
    """
    started = time.perf_counter()
    if format not in WRITERS:
        raise DataError(f"Expected the format {' or '.join(WRITERS)}, got {format!r}.", hint="Use parquet.")
    if shard_size < 1:
        raise DataError(f"Expected a shard size of 1 or more, got {shard_size}.", hint="Leave it away.")
    source = open_input(data, text_column)
    encoder = open_encoder(module, source.kind, **module_options)
    job = _job(encoder, source, format, shard_size)
    journal = Journal(Path(output), job, overwrite=overwrite)
    resumed = sum(shard.written for shard in journal.shards.values())
    _run(source, encoder, journal, _Plan(Path(output), format, shard_size, batch_size, progress))
    return Applied(
        Path(output),
        sum(shard.written for shard in journal.shards.values()),
        resumed,
        tuple(journal.skipped()),
        encoder.dimension,
        time.perf_counter() - started,
    )


def _job(encoder: Encoder, source: Input, format: str, shard_size: int) -> dict[str, Any]:
    return {
        "module": encoder.module.digest,
        "signature": encoder.signature,
        "output": encoder.output,
        "image size": list(encoder.image_size),
        "input": source.fingerprint(),
        "format": format,
        "shard size": shard_size,
    }


@dataclasses.dataclass(frozen=True)
class _Plan:
    folder: Path
    format: str
    shard_size: int
    batch_size: int | None
    progress: Callable[[str, int, int | None], None] | None


@dataclasses.dataclass(frozen=True)
class _Window:
    """Rows that go through the module together; the last of a shard closes it."""

    shard: int
    rows: Sequence[Row]
    last: bool


def _run(source: Input, encoder: Encoder, journal: Journal, plan: _Plan) -> None:
    """Three things at once: a thread reads, this one computes, another writes."""
    shard = _OpenShard()
    done = 0
    with Vectors(encoder, plan.batch_size) as vectors, ThreadPoolExecutor(1) as writer:
        writing: list[Future[None]] = []
        for window in _ahead(_windows(source, set(journal.shards), plan.shard_size), 2):
            shard.add(window.rows, *vectors(window.rows))
            done += len(window.rows)
            if plan.progress:
                plan.progress("rows", done, None)
            if not window.last:
                continue
            writing.append(writer.submit(_write, plan, journal, window.shard, shard))
            shard = _OpenShard()
            if len(writing) > 1:  # never more than two shards in memory
                writing.pop(0).result()
        for future in writing:
            future.result()


class _OpenShard:
    """The part of a shard that is computed."""

    def __init__(self) -> None:
        self.read = 0
        self.keys: list[str] = []
        self.parts: list[Any] = []
        self.skipped: list[Skipped] = []

    def add(self, rows: Sequence[Row], keys: list[str], vectors: Any, skipped: list[Skipped]) -> None:
        self.read += len(rows)
        self.keys += keys
        self.parts.append(vectors)
        self.skipped += skipped


def _write(plan: _Plan, journal: Journal, number: int, shard: _OpenShard) -> None:
    write_shard(plan.folder, number, plan.format, shard.keys, np.concatenate(shard.parts))
    journal.finished(Shard(number, shard.read, len(shard.keys)), shard.skipped)


def _windows(source: Input, finished: set[int], shard_size: int) -> Iterator[_Window]:
    """Windows of the shards that are not finished yet; the rows of finished ones are read over."""
    rows, size = source.rows(), WINDOWS[source.kind]
    for number in itertools.count():
        if number in finished:
            passed = sum(1 for _ in itertools.islice(rows, shard_size))
            if passed < shard_size:
                return
            continue
        left = shard_size
        window = list(itertools.islice(rows, min(size, left)))
        while window:
            left -= len(window)
            following = list(itertools.islice(rows, min(size, left))) if left else []
            yield _Window(number, window, last=not following)
            window = following
        if left:
            return


def _ahead(windows: Iterator[_Window], depth: int) -> Iterator[_Window]:
    """The same, with up to `depth` windows read ahead by a thread."""
    waiting: queue.Queue[_Window | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: _Window | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for window in windows:
                put(window)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=read, name="apply-reader", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
