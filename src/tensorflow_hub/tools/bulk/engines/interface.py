"""The interface of an engine, and the table of all engines."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress
from tensorflow_hub.tools.bulk.inputs import Input
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.modules import Kind

SHARD_SIZE = 20_000
ENGINES = {
    "local": "tensorflow_hub.tools.bulk.engines.local:LocalEngine",
    "spark": "tensorflow_hub.tools.bulk.engines.spark:SparkEngine",
    "beam": "tensorflow_hub.tools.bulk.engines.beam:BeamEngine",
}


class Engine(contextlib.AbstractContextManager["Engine"], Protocol):
    """Runs a job. It decides where and when shards are computed. `compute_shards` computes them.

    The arguments of the constructor are `where` (the master of Spark, the runner of Beam, or None) and
    `options` (texts `name=value`). An engine is a context manager, which stops at the end what it started.
    """

    def check(self, module: str, kind: Kind, options: Mapping[str, Any]) -> None:
        """Checks that a module can be applied to such inputs. Called before anything is written.

        Raises:
          ModuleError: it does not take such inputs, or does not have the signature or output.
        """

    def shard_size(self, source: Input) -> int:
        """Returns the number of rows in an output file, small enough to give work to all workers."""

    def run(self, job: Job, on_shard: OnShard, on_progress: OnProgress) -> None:
        """Computes the shards that are not finished.

        Args:
          job: the job.
          on_shard: a function to call for each shard when its file is written; it may be called several
            times.
          on_progress: a function to call with the number of rows that are done.

        Raises:
          DataError: the engine cannot start, or the job failed.
          HubError: the error of a worker about the module or the input.
        """


def open_engine(name: str, where: str | None = None, options: Sequence[str] = ()) -> Engine:
    """Returns the engine with a name or an import string `package.module:Name`.

    Raises:
      DataError: there is no such engine.
      MissingDependencyError: its package is not installed. The message says what to install.
    """
    module, colon, attribute = ENGINES.get(name, name).partition(":")
    if not colon:
        raise DataError(
            f"Expected the engine {' or '.join(ENGINES)}, got {name!r}.",
            hint="Another one is named by its import string, package.module:Name.",
        )
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        raise DataError(
            f"The engine {name!r} cannot be imported: {error}.", hint="Check the import string."
        ) from error
    engine: Engine = factory(where, options)
    return engine


def option_pairs(options: Sequence[str]) -> list[tuple[str, str]]:
    """Splits texts `name=value` into pairs.

    Raises:
      DataError: a text has no `=`.

    >>> option_pairs(["spark.executor.memory=4g"])
    [('spark.executor.memory', '4g')]
    """
    for option in options:
        if not option.partition("=")[0] or "=" not in option:
            raise DataError(f"Expected an option as name=value, got {option!r}.", hint="Add its value.")
    return [(name, value) for name, _, value in (option.partition("=") for option in options)]
