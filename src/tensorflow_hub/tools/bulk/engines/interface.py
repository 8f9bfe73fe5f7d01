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
    """Runs a job: decides where and when, never what is computed, which is `compute_shards` everywhere.

    It is made with `where` (Spark's master, Beam's runner, or None) and `options` (`name=value` each), and
    is a context manager: what it started ends with the context.
    """

    def check(self, module: str, kind: Kind, options: Mapping[str, Any]) -> None:
        """Refuses a module that cannot be applied to such inputs, before anything is written.

        Raises:
          ModuleError: it does not take them, or has no such signature or output.
        """

    def shard_size(self, source: Input) -> int:
        """How many rows a file should have: few enough that all its workers have something to do."""

    def run(self, job: Job, on_shard: OnShard, on_progress: OnProgress) -> None:
        """Computes the shards that are not finished.

        Args:
          job: what to compute.
          on_shard: to be called here, once or more often, for each shard whose file is in place.
          on_progress: to be called as rows are done.

        Raises:
          DataError: the engine cannot start, or the job failed on it.
          HubError: what a worker says of the module or the input.
        """


def open_engine(name: str, where: str | None = None, options: Sequence[str] = ()) -> Engine:
    """The engine of a name, or of an import string `package.module:Name`.

    Raises:
      DataError: there is none.
      MissingDependencyError: its package is not installed; says what to install.
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
    """`name=value` texts as pairs.

    Raises:
      DataError: one has no `=`.

    >>> option_pairs(["spark.executor.memory=4g"])
    [('spark.executor.memory', '4g')]
    """
    for option in options:
        if not option.partition("=")[0] or "=" not in option:
            raise DataError(f"Expected an option as name=value, got {option!r}.", hint="Add its value.")
    return [(name, value) for name, _, value in (option.partition("=") for option in options)]
