"""A worker process of a cluster. It loads the module once and computes shards."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.errors import HubError, RequestError, ResolveError
from tensorflow_hub.tools.bulk.job import Job
from tensorflow_hub.tools.bulk.records import read_problem, write_finished, write_problem
from tensorflow_hub.tools.bulk.shipping import Shipped, arrived
from tensorflow_hub.tools.encoders import Encoder, open_encoder
from tensorflow_hub.tools.modules import Kind

_encoders: dict[Any, Encoder] = {}
_lock = threading.Lock()


def worker_encoder(
    module: str | Shipped, kind: Kind, options: Mapping[str, Any], threads: int | None = None
) -> Encoder:
    """Returns the module, which is loaded by the first call in this process.

    Args:
      module: a handle, or a packed module.
      kind: the kind of inputs.
      options: the options of `open_encoder`; `preprocessor` may be a packed module, too.
      threads: the number of threads of TensorFlow, which should be that of the worker's cores; None for all
        cores.
    """
    key = (module, kind, tuple(sorted(options.items())))
    with _lock:
        if key not in _encoders:
            if threads is not None:
                _use_threads(threads)
            local: dict[str, Any] = dict(options)
            if "preprocessor" in local:
                local["preprocessor"] = arrived(local["preprocessor"])
            _encoders[key] = open_encoder(arrived(module), kind, **local)
        return _encoders[key]


def _use_threads(threads: int) -> None:
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # TensorFlow was used before, for other modules
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def run_shards(job: Job, shards: range, threads: int | None = None) -> None:
    """Computes shards of a job, and writes a record of each, or of an error that all workers have.

    Raises:
      ResolveError, RequestError: the module could not be downloaded. The engine tries again.
    """
    from tensorflow_hub.tools.bulk.shards import compute_shards

    if read_problem(job.folder) is not None:
        return
    try:
        encoder = worker_encoder(job.module, job.source.kind, job.options, threads)
        compute_shards(
            job,
            encoder,
            shards,
            functools.partial(write_finished, job.folder),
            threads=threads or 4,
        )
    except (ResolveError, RequestError):
        raise
    except HubError as problem:
        write_problem(job.folder, problem)
