"""The engine in this process. It reads the next rows while it computes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress
from tensorflow_hub.tools.bulk.engines.interface import SHARD_SIZE
from tensorflow_hub.tools.bulk.inputs import Input
from tensorflow_hub.tools.bulk.job import Job, OnShard
from tensorflow_hub.tools.bulk.shards import compute_shards
from tensorflow_hub.tools.computation import Computation
from tensorflow_hub.tools.encoders import Encoder, open_encoder
from tensorflow_hub.tools.modules import Kind


class LocalEngine(contextlib.AbstractContextManager["LocalEngine"]):
    """See `Engine`. `check` loads the module."""

    def __init__(self, where: str | None, options: Sequence[str]) -> None:
        if where or options:
            raise DataError(
                f"Expected no options for the engine 'local', got {[*filter(None, [where]), *options]}.",
                hint="Say which engine they are for: --engine spark, or --engine beam.",
            )
        self._encoder: Encoder | None = None

    def __exit__(self, *_: object) -> None:
        self._encoder = None

    def check(self, module: str, kind: Kind, options: Mapping[str, Any]) -> None:
        """Loads the module."""
        self._encoder = open_encoder(module, kind, **options)

    def shard_size(self, source: Input) -> int:
        """Returns the default: shards are computed one after the other."""
        return SHARD_SIZE

    def run(self, job: Job, on_shard: OnShard, on_progress: OnProgress) -> None:
        """Computes all shards."""
        assert self._encoder is not None
        with Computation(self._encoder, job.batch_size) as computation:
            compute_shards(job, computation, range(sys.maxsize), on_shard, on_progress=on_progress)
