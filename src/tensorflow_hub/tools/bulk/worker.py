"""A worker process of a cluster: it loads a module once, and applies it to shards of a job or to columns."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from tensorflow_hub.errors import HubError, RequestError, ResolveError
from tensorflow_hub.tools.bulk.job import Job
from tensorflow_hub.tools.bulk.records import read_problem, write_finished, write_problem
from tensorflow_hub.tools.bulk.shipping import Shipped, arrived
from tensorflow_hub.tools.computation import Computation
from tensorflow_hub.tools.encoders import open_encoder
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.modules import Kind

_computations: dict[Any, Computation] = {}
_lock = threading.Lock()


def worker_computation(
    module: str | Shipped,
    kind: Kind,
    options: Mapping[str, Any],
    batch_size: int | None = None,
    threads: int | None = None,
) -> Computation:
    """Returns the computation for a module in this process. The first call loads the module.

    Args:
      module: a handle, or a packed module.
      kind: the kind of inputs.
      options: the options of `open_encoder`; `preprocessor` may be a packed module, too.
      batch_size: the largest number of rows in a batch; None for the default.
      threads: the number of threads of TensorFlow, which should be that of the worker's cores; None for all
        cores.
    """
    key = (module, kind, tuple(sorted(options.items())), batch_size)
    with _lock:
        if key not in _computations:
            if threads is not None:
                _use_threads(threads)
            local: dict[str, Any] = dict(options)
            if "preprocessor" in local:
                local["preprocessor"] = arrived(local["preprocessor"])
            encoder = open_encoder(arrived(module), kind, **local)
            _computations[key] = Computation(encoder, batch_size, threads or 4)
        return _computations[key]


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
        kind, options = job.source.kind, job.options
        computation = worker_computation(job.module, kind, options, job.batch_size, threads)
        compute_shards(job, computation, shards, functools.partial(write_finished, job.folder))
    except (ResolveError, RequestError):
        raise
    except HubError as problem:
        write_problem(job.folder, problem)


def columns_of(computation: Computation, values: Any) -> list[Any]:
    """Applies a module to a column.

    Args:
      computation: the module.
      values: an Arrow array of strings, or of the bytes of image files; null for missing values.

    Returns:
      Arrow arrays with one value for each row: a list<float32> for each output of the module, null for rows
      without a vector; and the reasons why there is none, null for rows with a vector.
    """
    arrow = require("pyarrow")
    if computation.encoder.kind == "text":
        values = values.cast(arrow.string())
    loaded = computation.load(values.to_numpy(zero_copy_only=False), map(str, range(len(values))))
    ends = np.cumsum(computation.encoder.widths)[:-1]
    outputs = np.split(computation.vectors(loaded), ends, axis=1)
    vectors_of = [dict(zip(loaded.places, output, strict=True)) for output in outputs]
    reasons = dict(loaded.problems)
    rows = range(len(values))
    return [
        *(arrow.array(map(vectors.get, rows), arrow.list_(arrow.float32())) for vectors in vectors_of),
        arrow.array(map(reasons.get, rows), arrow.string()),
    ]
