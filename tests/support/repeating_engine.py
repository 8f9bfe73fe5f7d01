"""An engine for tests, named by its import string: workers are threads, and every shard is computed twice."""

from __future__ import annotations

import concurrent.futures
import random

from tensorflow_hub.tools.bulk.engines.cluster import Cluster
from tensorflow_hub.tools.bulk.shipping import ship
from tensorflow_hub.tools.bulk.worker import run_shards

IMPORT_STRING = "repeating_engine:RepeatingEngine"


class RepeatingEngine(Cluster):
    """What speculative tasks and tasks that are tried again do, at the same time and in any order."""

    def __init__(self, where, options):
        """It has no options."""

    def slots(self):
        return 2

    def shipped(self, module, folder):
        return ship(module, folder)

    def start(self, job, shards):
        repeated = [*shards, *shards]
        random.shuffle(repeated)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda shard: run_shards(job, shard), repeated))
