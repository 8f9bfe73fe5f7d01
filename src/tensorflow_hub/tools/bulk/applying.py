"""`apply`: applies a module to every row of a file or every image of a folder, on a chosen engine."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.bulk.engines.interface import Engine, open_engine
from tensorflow_hub.tools.bulk.inputs import Input, open_input
from tensorflow_hub.tools.bulk.job import Job
from tensorflow_hub.tools.bulk.journal import Journal, previous_job
from tensorflow_hub.tools.bulk.outputs import WRITERS, remove_unfinished
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.modules import locate


@dataclasses.dataclass(frozen=True)
class Applied:
    """What a run did.

    Attributes:
      output: the folder.
      rows: vectors in it, of all runs together.
      resumed: those that an earlier run had written.
      skipped: inputs that could not be used.
      dimension: of a vector; 0 when there are none.
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
    shard_size: int | None = None,
    overwrite: bool = False,
    progress: OnProgress | None = None,
    engine: str = "local",
    where: str | None = None,
    engine_options: Sequence[str] = (),
    **module_options: Any,
) -> Applied:
    """Applies a module to every row of a file or every image in a folder.

    Memory stays the same however long the input is. An interrupted call, repeated, goes on at the shards
    that are missing, on any engine.

    Args:
      module: the handle of a module that gives one vector for an image or text.
      data: a folder of images; a `.txt` file with one text per line; a CSV, TSV, JSONL or Parquet table.
      output: the folder for `part-00000.parquet`, …; `skipped.jsonl` there lists what could not be used.
      format: `parquet` (columns `key`, `embedding`), `npy` (and `.keys.json` beside), or `tfrecord`.
      text_column: the table's column of texts.
      batch_size: rows that go through the module at once, at most.
      shard_size: rows of a file of the output; by default 20,000, and fewer where a cluster would have
        too few files to compute at the same time.
      overwrite: start again when the folder holds another job's output.
      progress: called with "rows", the rows done, and all rows (None where their number is not known).
      engine: `local`, `spark`, `beam`, or the import string of another, `package.module:Name`. Workers of a
        cluster read `data` and write `output` at the same paths.
      where: Spark's master, or Beam's runner.
      engine_options: `name=value`, Spark's configuration or Beam's pipeline options.
      **module_options: of `open_encoder`: `signature`, `output_key`, `preprocessor`, `image_size`.

    Returns:
      What was done.

    Raises:
      DataError: the input or the output folder cannot be used as asked, or a cluster's job fails.
      ModuleError: the module does not take such inputs.
      MissingDependencyError: the engine's package is not installed.

    Example:
      done = hub.tools.apply("acme/sentences/1", "posts.parquet", "vectors", text_column="body")
      print(done.rows, len(done.skipped))
    """
    started = time.perf_counter()
    _require_possible(format, shard_size, batch_size)
    source, folder = open_input(data, text_column), Path(output)
    options = {name: value for name, value in module_options.items() if value is not None}
    with open_engine(engine, where, engine_options) as runs:
        runs.check(module, source.kind, options)
        size = shard_size or _shard_size(folder, runs, source, overwrite)
        about = _about(module, source, options, format, size)
        journal = Journal(folder, about, overwrite=overwrite)
        resumed = journal.written()
        finished = frozenset(journal.shards)
        runs.run(
            Job(module, options, source, folder, format, size, batch_size, finished),
            journal.finished,
            progress or ignore_progress,
        )
    remove_unfinished(folder)
    seconds = time.perf_counter() - started
    dimension = next((shard.dimension for shard in journal.shards.values()), 0)
    return Applied(folder, journal.written(), resumed, tuple(journal.skipped()), dimension, seconds)


def _require_possible(format: str, shard_size: int | None, batch_size: int | None) -> None:
    if format not in WRITERS:
        raise DataError(f"Expected the format {' or '.join(WRITERS)}, got {format!r}.", hint="Use parquet.")
    if shard_size is not None and shard_size < 1:
        raise DataError(f"Expected a shard size of 1 or more, got {shard_size}.", hint="Leave it out.")
    if batch_size is not None and batch_size < 1:
        raise DataError(f"Expected a batch size of 1 or more, got {batch_size}.", hint="Leave it out.")


def _shard_size(folder: Path, engine: Engine, source: Input, overwrite: bool) -> int:
    """That of an interrupted run, for its shards to count; else what suits the engine."""
    before = None if overwrite else previous_job(folder)
    size = before.get("shard size") if before else None
    return size if isinstance(size, int) and size > 0 else engine.shard_size(source)


def _about(
    module: str, source: Input, options: dict[str, Any], format: str, shard_size: int
) -> dict[str, Any]:
    """What decides about the files: another job does not mix with these."""
    digests = [locate(handle).digest for handle in (module, options.get("preprocessor")) if handle]
    return {
        "module": "+".join(digests),
        "signature": options.get("signature", ""),
        "output": options.get("output_key", ""),
        "image size": list(options.get("image_size", ())),
        "input": source.fingerprint(),
        "format": format,
        "shard size": shard_size,
    }
