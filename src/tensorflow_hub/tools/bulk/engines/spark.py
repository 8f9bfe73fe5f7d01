"""The engine for Apache Spark, on its standalone cluster manager, YARN or Kubernetes."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tensorflow_hub.tools.bulk.engines.cluster import Cluster, failed
from tensorflow_hub.tools.bulk.engines.interface import option_pairs
from tensorflow_hub.tools.bulk.job import Job
from tensorflow_hub.tools.bulk.spark_files import task_cores
from tensorflow_hub.tools.extras import require

_HINT = "Spark's log says more. Workers need tensorflow-hub[tensorflow,tools], data and output folder."


class SparkEngine(Cluster):
    """See `Engine`. `where` is the master of Spark. The options are its configuration.

    If the program has a Spark session already, it is used and not stopped.
    """

    def __init__(self, where: str | None, options: Sequence[str]) -> None:
        pairs = option_pairs(options)
        session = require("pyspark.sql", "spark").SparkSession
        self._found = session.getActiveSession()
        builder = session.builder.appName("tfhub apply")
        for name, value in [*pairs, *([("spark.master", where)] if where else [])]:
            builder = builder.config(name, value)
        try:
            self._context = (self._found or builder.getOrCreate()).sparkContext
        except Exception as error:  # whatever Java raises
            raise failed(
                f"Spark at {where or 'the usual master'!r}",
                error,
                "Check --master and Java: Spark 4 needs 17.",
            ) from error

    def __exit__(self, *_: object) -> None:
        if self._found is None:
            self._context.stop()

    def slots(self) -> int:
        """Returns the cores that Spark has for this program."""
        return max(1, int(self._context.defaultParallelism))

    def start(self, job: Job, shards: Sequence[range]) -> None:
        """Runs a Spark job with one task for each shard."""
        try:
            self._context.parallelize(shards, len(shards)).foreach(functools.partial(_run, job))
        except Exception as error:  # whatever Java raises
            raise failed("Spark", error, _HINT) from error


def _run(job: Job, shards: range) -> None:
    from tensorflow_hub.tools.bulk.worker import run_shards

    run_shards(job, shards, task_cores())
