"""The common part of engines with workers on other machines."""

from __future__ import annotations

import abc
import concurrent.futures
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress
from tensorflow_hub.tools.bulk.engines.interface import SHARD_SIZE
from tensorflow_hub.tools.bulk.inputs import Input, write_rows
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.bulk.records import forget_problem, read_problem, take_finished
from tensorflow_hub.tools.bulk.shipping import Shipped, ship
from tensorflow_hub.tools.choosing import encoder_calls
from tensorflow_hub.tools.modules import Kind

ROWS_FILE = ".part-rows.parquet"
# Tasks for each core. A core that finishes early takes another task.
TASKS_PER_SLOT = 3
# The least number of rows in a shard: with fewer, starting the task takes longer than computing it.
FEWEST_ROWS = {"text": 256, "image": 32}
_SECONDS_BETWEEN_LOOKS = 1.0


class Cluster(contextlib.AbstractContextManager["Cluster"], abc.ABC):
    """An engine (see `Engine`) whose workers compute shards. The driver does not need TensorFlow.

    Input and output folder have to be at the same paths on all machines. An input that can only be read from
    its beginning is first converted to a Parquet file in the output folder.
    """

    def __exit__(self, *_: object) -> None:
        """Nothing is left to close after a job, if the engine does not say otherwise."""

    @abc.abstractmethod
    def slots(self) -> int:
        """Returns the number of shards that are computed at the same time."""

    @abc.abstractmethod
    def start(self, job: Job, shards: Sequence[range]) -> None:
        """Calls `run_shards(job, …)` on workers, at least once for each shard. Returns when all are done.

        Raises:
          DataError: the cluster cannot be reached, or the job failed.
        """

    def shipped(self, module: str, folder: Path) -> str | Shipped:
        """What the workers get for a handle: one that they can resolve, or a module packed into `folder`."""
        return ship(module, folder)

    def check(self, module: str, kind: Kind, options: Mapping[str, Any]) -> None:
        """Checks the description of the module."""
        encoder_calls(module, kind, **options)

    def shard_size(self, source: Input) -> int:
        """Returns a size that gives some shards for each core, also for a small input."""
        rows = -(-source.count() // (self.slots() * TASKS_PER_SLOT))
        return max(FEWEST_ROWS[source.kind], min(SHARD_SIZE, rows))

    def run(self, job: Job, on_shard: OnShard, on_progress: OnProgress) -> None:
        """Computes the missing shards on workers, and reads their records."""
        forget_problem(job.folder)
        for shard in take_finished(job.folder):  # records of a run whose driver was killed
            on_shard(shard)
            job = dataclasses.replace(job, finished=job.finished | {shard.number})
        job, rows = self._for_workers(job)
        missing = [n for n in range(-(-rows // job.shard_size)) if n not in job.finished]
        if not missing:
            return
        done = rows - len(missing) * job.shard_size
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.start, job, [range(n, n + 1) for n in missing])
            ended = False
            try:
                while not ended:
                    ended = running in concurrent.futures.wait([running], _SECONDS_BETWEEN_LOOKS).done
                    for shard in take_finished(job.folder):
                        on_shard(shard)
                        done += shard.read
                        on_progress("rows", max(done, 0), rows)
            except BaseException:
                self.__exit__(None, None, None)  # otherwise the thread would wait for the job
                raise
        problem = read_problem(job.folder)
        if problem is not None:
            raise problem
        running.result()

    def _for_workers(self, job: Job) -> tuple[Job, int]:
        """Returns the job with paths and handles that workers can use, and the number of rows."""
        folder, source = job.folder.absolute(), job.source
        if source.is_parquet:
            source = dataclasses.replace(source, path=source.path.absolute())
        else:
            source = write_rows(source, folder / ROWS_FILE)
        options = dict(job.options)
        if options.get("preprocessor"):
            options["preprocessor"] = self.shipped(options["preprocessor"], folder)
        assert isinstance(job.module, str)
        module = self.shipped(job.module, folder)
        made = dataclasses.replace(job, module=module, options=options, source=source, folder=folder)
        return made, source.count()


def failed(engine: str, error: Exception, hint: str) -> DataError:
    """Returns the error for a job that failed on a cluster, with the last line of the cluster's error."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return DataError(f"The job failed on {engine}: {lines[-1].strip().rstrip('.')}.", hint=hint)
