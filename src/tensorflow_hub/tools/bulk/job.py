"""A job: which module, which rows, which files. It is sent to workers, and needs no TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.tools.bulk.inputs import Input
from tensorflow_hub.tools.bulk.journal import Shard
from tensorflow_hub.tools.bulk.shipping import Shipped
from tensorflow_hub.tools.datasets.examples import Skipped

# Called with each shard that is finished, and the inputs that were left out of it.
OnShard = Callable[[Shard, Sequence[Skipped]], None]


@dataclasses.dataclass(frozen=True)
class Job:
    """A module applied to an input.

    Attributes:
      module: its handle, or what was shipped to a worker.
      options: of `open_encoder`.
      source: the input.
      folder: the output folder.
      format: of its files, one of `WRITERS`.
      shard_size: rows of a file.
      batch_size: rows that go through the module at once, at most; None for the usual number.
      finished: the numbers of the shards that are there.
    """

    module: str | Shipped
    options: Mapping[str, Any]
    source: Input
    folder: Path
    format: str
    shard_size: int
    batch_size: int | None
    finished: frozenset[int]
