"""Sends modules with Spark: packed on the driver, unpacked once on each worker machine."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tensorflow_hub.tools.bulk.shipping import Shipped, ship
from tensorflow_hub.tools.datasets.tables import require


def send(context: Any, handle: str) -> str | Shipped:
    """What to send to workers in place of a handle: Spark takes a module on the driver's disk along.

    Args:
      context: the SparkContext.
      handle: as the user wrote it.
    """
    sent = ship(handle, _folder(context.applicationId))
    if isinstance(sent, str):
        return sent
    context.addFile(sent.archive)
    return dataclasses.replace(sent, archive=Path(sent.archive).name)


@functools.cache
def _folder(application: str) -> Path:
    """For the archives of an application: Spark hands them out as long as it runs."""
    folder = tempfile.mkdtemp(prefix="tfhub-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def on_worker(value: Any) -> Any:
    """A shipped module with the path of its archive on this machine; any other value unchanged."""
    if not isinstance(value, Shipped):
        return value
    return dataclasses.replace(value, archive=require("pyspark", "spark").SparkFiles.get(value.archive))


def task_cores() -> int:
    """The cores that Spark gives to the task that runs here."""
    context = require("pyspark", "spark").TaskContext.get()
    return max(1, context.cpus()) if context is not None else 1
