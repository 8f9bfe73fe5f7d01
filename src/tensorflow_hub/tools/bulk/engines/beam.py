"""The engine for Apache Beam and its runners, such as Flink, Spark and Dataflow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tensorflow_hub.tools.bulk.engines.cluster import Cluster, failed
from tensorflow_hub.tools.bulk.engines.interface import option_pairs
from tensorflow_hub.tools.bulk.job import Job
from tensorflow_hub.tools.bulk.shipping import Shipped, ship
from tensorflow_hub.tools.bulk.worker import run_shards
from tensorflow_hub.tools.extras import require

beam = require("apache_beam", "beam")

# Short name → name of the runner in Beam. Other names are passed to Beam unchanged.
RUNNERS = {
    "direct": "DirectRunner",
    "prism": "PrismRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "portable": "PortableRunner",
    "dataflow": "DataflowRunner",
}

_JOB_SERVER = "Give the address of one that runs: --engine-option job_endpoint=HOST:PORT."
# The hints for runners that Beam cannot start by itself.
_HINTS = {
    "flink": f"Beam fetches the runner's job server from Maven, and needs Java. {_JOB_SERVER}",
    "spark": f"Beam fetches the runner's job server from Maven, and needs Java. {_JOB_SERVER}",
    "prism": "Beam fetches Prism from GitHub. Give a binary: --engine-option prism_location=PATH.",
    "portable": _JOB_SERVER,
    "dataflow": "It needs `pip install 'apache-beam[gcp]'` and --engine-option project=…, region=…, "
    "temp_location=gs://….",
}
# An assumed number of workers, because Beam does not say how many there will be.
_SLOTS_ELSEWHERE = 64


class BeamEngine(Cluster):
    """See `Engine`. `where` is the runner, by default `direct`. The options are pipeline options of Beam."""

    def __init__(self, where: str | None, options: Sequence[str]) -> None:
        option_pairs(options)
        self._runner = where or "direct"
        self._flags = [f"--{option}" for option in options]

    def slots(self) -> int:
        """Returns the cores of this machine, or an assumed number of workers on other machines."""
        return os.cpu_count() or 1 if self._runner == "direct" else _SLOTS_ELSEWHERE

    def shipped(self, module: str, folder: Path) -> str | Shipped:
        """Workers on this machine can use a module on this disk; for others it is packed."""
        return ship(module, None) if self._runner == "direct" else super().shipped(module, folder)

    def start(self, job: Job, shards: Sequence[range]) -> None:
        """Runs a pipeline with one element for each shard."""
        try:
            flags = [f"--runner={RUNNERS.get(self._runner, self._runner)}", *self._flags]
            options = require("apache_beam.options.pipeline_options", "beam")
            with beam.Pipeline(options=options.PipelineOptions(flags)) as pipeline:
                numbers = pipeline | "Shards" >> beam.Create([shard.start for shard in shards])
                spread = numbers | beam.Reshuffle()
                _ = spread | "Compute" >> beam.Map(lambda n: run_shards(job, range(n, n + 1)))
        except Exception as error:  # runners raise errors of many kinds
            hint = _HINTS.get(self._runner, "Its log says more.")
            raise failed(f"Beam's runner {self._runner!r}", error, hint) from error
