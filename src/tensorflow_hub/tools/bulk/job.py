"""A job: module, input and output. It is sent to workers. This file does not need TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tensorflow_hub.tools.bulk.inputs import Input
from tensorflow_hub.tools.bulk.journal import Shard
from tensorflow_hub.tools.bulk.shipping import Shipped

# A function that is called with each finished shard.
OnShard = Callable[[Shard], None]


@dataclasses.dataclass(frozen=True)
class Job:
    """A module to apply to an input.

    Attributes:
      module: the handle of the module, or the packed module.
      options: the options of `open_encoder`.
      source: the input.
      folder: the output folder.
      format: the format of the output files, one of `WRITERS`.
      shard_size: the number of rows in a file.
      batch_size: the largest number of rows in a batch; None for the default.
      finished: the numbers of the finished shards.
    """

    module: str | Shipped
    options: Mapping[str, Any]
    source: Input
    folder: Path
    format: str
    shard_size: int
    batch_size: int | None
    finished: frozenset[int]
