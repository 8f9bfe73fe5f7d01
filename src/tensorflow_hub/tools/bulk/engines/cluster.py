"""The common part of engines with workers on other machines: shared rows, enough shards for all."""

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
from tensorflow_hub.tools.bulk.described import require_usable
from tensorflow_hub.tools.bulk.engines.interface import SHARD_SIZE
from tensorflow_hub.tools.bulk.inputs import Input, write_rows
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.bulk.records import forget_problem, read_problem, take_finished
from tensorflow_hub.tools.bulk.shipping import Shipped
from tensorflow_hub.tools.datasets.tables import is_parquet
from tensorflow_hub.tools.modules import Kind

ROWS_FILE = ".part-rows.parquet"
# So many tasks for each core: when one ends early, there is another to take.
TASKS_PER_SLOT = 3
# Fewer rows in a shard would take longer to hand out than to compute.
FEWEST_ROWS = {"text": 256, "image": 32}
_SECONDS_BETWEEN_LOOKS = 1.0


class Cluster(contextlib.AbstractContextManager["Cluster"], abc.ABC):
    """An engine (see `Engine`) that hands out shards to workers. The driver needs no TensorFlow.

    Workers find the input, unless it is only on the driver's disk in a form that must be read from the
    beginning, and the output folder at the same paths as the driver.
    """

    @abc.abstractmethod
    def slots(self) -> int:
        """How many shards are computed at the same time."""

    @abc.abstractmethod
    def start(self, job: Job, shards: Sequence[range]) -> None:
        """Calls `run_shards(job, …)` on workers for each of these, at least once; returns when all are done.

        Raises:
          DataError: the cluster cannot be reached, or gave up.
        """

    @abc.abstractmethod
    def shipped(self, module: str, folder: Path) -> str | Shipped:
        """What workers open a module by, given its handle and the output folder."""

    def check(self, module: str, kind: Kind, options: Mapping[str, Any]) -> None:
        """Looks at the module's description."""
        require_usable(module, kind, options)

    def shard_size(self, source: Input) -> int:
        """Some shards for each core; in a small input, small ones."""
        direct = source.kind == "text" and is_parquet(source.path)
        rows = source.count() if direct else sum(map(len, source.rows()))
        return max(FEWEST_ROWS[source.kind], min(SHARD_SIZE, -(-rows // (self.slots() * TASKS_PER_SLOT))))

    def run(self, job: Job, on_shard: OnShard, on_progress: OnProgress) -> None:
        """Computes what is missing on the workers, and notes what they say."""
        forget_problem(job.folder)
        for shard, skipped in take_finished(job.folder):  # of a run whose driver was killed
            on_shard(shard, skipped)
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
                    for shard, skipped in take_finished(job.folder):
                        on_shard(shard, skipped)
                        done += shard.read
                        on_progress("rows", max(done, 0), rows)
            except BaseException:
                self.__exit__(None, None, None)  # else the thread would wait for a job nobody wants
                raise
        problem = read_problem(job.folder)
        if problem is not None:
            raise problem
        running.result()

    def _for_workers(self, job: Job) -> tuple[Job, int]:
        """The job with everything where workers find it, and how many rows there are."""
        folder, source = job.folder.absolute(), job.source
        if source.kind == "text" and is_parquet(source.path):
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
    """The error for a job that a cluster could not do: the last line of what it says, and what to do."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return DataError(f"The job failed on {engine}: {lines[-1].strip().rstrip('.')}.", hint=hint)
