"""`apply` on this machine: read, compute and write at the same time, a shard after the other."""

from __future__ import annotations

import dataclasses
import itertools
import operator
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.batches import IMAGE_BATCH, TEXT_BATCH, Loader, Usable, Vectors
from tensorflow_hub.tools.bulk.inputs import Input, Rows, open_input
from tensorflow_hub.tools.bulk.journal import Journal, Shard
from tensorflow_hub.tools.bulk.outputs import UNFINISHED, WRITERS, write_shard
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.datasets.tables import CHUNK
from tensorflow_hub.tools.encoders import Encoder, open_encoder
from tensorflow_hub.tools.matrices import Matrix


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
      format: `parquet` (columns `key`, `embedding`), `npy` (and `.keys.json` beside), or `tfrecord`.
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
    _require_possible(format, shard_size, batch_size)
    source = open_input(data, text_column)
    encoder = open_encoder(module, source.kind, **module_options)
    journal = Journal(Path(output), _job(encoder, source, format, shard_size), overwrite=overwrite)
    resumed = journal.written()
    size = batch_size or (TEXT_BATCH if source.kind == "text" else IMAGE_BATCH)
    _run(source, encoder, journal, _Plan(Path(output), format, shard_size, size, progress))
    seconds = time.perf_counter() - started
    skipped = tuple(journal.skipped())
    return Applied(Path(output), journal.written(), resumed, skipped, encoder.dimension, seconds)


def _require_possible(format: str, shard_size: int, batch_size: int | None) -> None:
    if format not in WRITERS:
        raise DataError(f"Expected the format {' or '.join(WRITERS)}, got {format!r}.", hint="Use parquet.")
    if shard_size < 1:
        raise DataError(f"Expected a shard size of 1 or more, got {shard_size}.", hint="Leave it away.")
    if batch_size is not None and batch_size < 1:
        raise DataError(f"Expected a batch size of 1 or more, got {batch_size}.", hint="Leave it away.")


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
    batch_size: int
    progress: Callable[[str, int, int | None], None] | None


def _run(source: Input, encoder: Encoder, journal: Journal, plan: _Plan) -> None:
    """Three things at once: a thread reads, this one computes, another writes."""
    pieces, vectors = _pieces(source, set(journal.shards), plan), Vectors(encoder, plan.batch_size)
    writing: Future[None] | None = None
    done = 0
    with Loader(encoder) as load, ThreadPoolExecutor(1) as writer:
        loaded = _ahead((number, load(rows)) for number, rows in pieces)
        for number, parts in itertools.groupby(loaded, operator.itemgetter(0)):
            shard = _Shard(number)
            for _, part in parts:
                shard.add(part, vectors(part.values))
                done += len(part.keys) + len(part.skipped)
                if plan.progress:
                    plan.progress("rows", done, None)
            if writing:
                writing.result()  # never more than two shards in memory
            writing = writer.submit(_write, plan, journal, shard)
        if writing:
            writing.result()
    for path in plan.folder.glob(UNFINISHED):  # by runs that were killed
        path.unlink(missing_ok=True)


@dataclasses.dataclass
class _Shard:
    number: int
    keys: list[str] = dataclasses.field(default_factory=list)
    results: list[Matrix] = dataclasses.field(default_factory=list)
    skipped: list[Skipped] = dataclasses.field(default_factory=list)

    def add(self, part: Usable, result: Matrix) -> None:
        self.keys += part.keys
        self.skipped += part.skipped
        self.results.append(result)


def _write(plan: _Plan, journal: Journal, shard: _Shard) -> None:
    write_shard(plan.folder, shard.number, plan.format, shard.keys, np.concatenate(shard.results))
    read, written = len(shard.keys) + len(shard.skipped), len(shard.keys)
    journal.finished(Shard(shard.number, read, written), shard.skipped)


def _pieces(source: Input, finished: set[int], plan: _Plan) -> Iterator[tuple[int, Rows]]:
    """The input with the number of the shard each piece belongs to; finished shards are read over.

    A piece of images is what goes through the module at once. One of texts is longer: it is sorted by length.
    """
    most = plan.batch_size if source.kind == "image" else max(plan.batch_size, CHUNK)
    position = 0
    for rows in source.rows():
        start = 0
        while start < len(rows):
            number, within = divmod(position + start, plan.shard_size)
            piece = rows[start : start + min(most, plan.shard_size - within)]
            if number not in finished:
                yield number, piece
            start += len(piece)
        position += len(rows)


T = TypeVar("T")


def _ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The same, with up to `depth` items made ahead by a thread."""
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
