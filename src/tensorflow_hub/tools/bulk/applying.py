"""`hub.tools.apply`: applying a module to every row of a file or every image of a folder, on an engine."""

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
from tensorflow_hub.tools.bulk.outputs import UNFINISHED, WRITERS, remove_files
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.modules import locate


@dataclasses.dataclass(frozen=True)
class Applied:
    """The result of a run.

    Attributes:
      output: the output folder.
      rows: the number of vectors in the folder, including those of earlier runs.
      resumed: the number of vectors that earlier runs wrote.
      skipped: the inputs that could not be used.
      dimension: the length of a vector; 0 without vectors.
      seconds: the time of this run.
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

    The memory that it needs does not grow with the input. If a run was interrupted, the same call continues
    it and computes only the missing shards. It may use another engine.

    Args:
      module: the handle of a module that gives one vector for an image or text.
      data: a folder of images; a `.txt` file with one text per line; a CSV, TSV, JSONL or Parquet table.
      output: the folder for the files `part-00000.parquet`, … Its file `skipped.jsonl` lists the inputs that
        could not be used.
      format: `parquet` (columns `key`, `embedding`), `npy` (with files `.keys.json`), or `tfrecord`.
      text_column: the column of the table with the texts.
      batch_size: the largest number of rows in a batch. A batch of texts never has more than 131,072
        characters with padding, or 8,192 rows of a Parquet file.
      shard_size: the number of rows in an output file. By default 20,000, or fewer on a cluster if there
        would not be enough files for all workers.
      overwrite: whether to replace the output of another job in the folder.
      progress: called with "rows", the number of rows that are done, and the number of all rows (None if
        unknown).
      engine: `local`, `spark`, `beam`, or the import string of another engine, `package.module:Name`. The
        workers of a cluster read `data` and write `output` at the same paths.
      where: the master of Spark, or the runner of Beam.
      engine_options: texts `name=value`: the configuration of Spark, or the pipeline options of Beam.
      **module_options: options of the module: `signature`, `output_key`, `preprocessor`, `image_size`.

    Returns:
      An `Applied`: the number of `rows`, the `skipped` inputs, the `dimension` of the vectors, the `seconds`.

    Raises:
      DataError: the input or the output folder cannot be used, or the job of a cluster failed.
      ModuleError: the module does not take such inputs.
      MissingDependencyError: the package of the engine is not installed.

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
    remove_files(folder, UNFINISHED)
    skipped = journal.write_skipped()
    seconds = time.perf_counter() - started
    dimension = next((shard.dimension for shard in journal.shards.values()), 0)
    return Applied(folder, journal.written(), resumed, skipped, dimension, seconds)


def _require_possible(format: str, shard_size: int | None, batch_size: int | None) -> None:
    if format not in WRITERS:
        raise DataError(f"Expected the format {' or '.join(WRITERS)}, got {format!r}.", hint="Use parquet.")
    for name, size in (("shard", shard_size), ("batch", batch_size)):
        if size is not None and size < 1:
            raise DataError(f"Expected a {name} size of 1 or more, got {size}.", hint="Leave it out.")


def _shard_size(folder: Path, engine: Engine, source: Input, overwrite: bool) -> int:
    """Returns the shard size: of an interrupted run, so that its shards can be used; else the engine's."""
    before = None if overwrite else previous_job(folder)
    size = before.get("shard size") if before else None
    return size if isinstance(size, int) and size > 0 else engine.shard_size(source)


def _about(
    module: str, source: Input, options: dict[str, Any], format: str, shard_size: int
) -> dict[str, Any]:
    """Everything that the output depends on. A run continues another one only if this is equal."""
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
