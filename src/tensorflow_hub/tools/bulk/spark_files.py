"""Sending modules with Spark: they are packed on the driver, and unpacked once on each worker machine."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tensorflow_hub.tools.bulk.shipping import Shipped, ship
from tensorflow_hub.tools.extras import require


def send(context: Any, handle: str) -> str | Shipped:
    """What to send to workers for a handle. Spark sends a module from the disk of the driver.

    Args:
      context: the SparkContext.
      handle: the handle as the user wrote it.
    """
    sent = ship(handle, _folder(context.applicationId))
    if isinstance(sent, str):
        return sent
    context.addFile(sent.archive)
    return dataclasses.replace(sent, archive=Path(sent.archive).name)


@functools.cache
def _folder(application: str) -> Path:
    """The folder for the archives of an application, from which Spark sends them as long as it runs."""
    folder = tempfile.mkdtemp(prefix="tfhub-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def on_worker(value: Any) -> Any:
    """Returns a packed module with the path of its archive on this machine; other values unchanged."""
    if not isinstance(value, Shipped):
        return value
    return dataclasses.replace(value, archive=require("pyspark", "spark").SparkFiles.get(value.archive))


def task_cores() -> int:
    """Returns the number of cores that Spark gives to the current task."""
    context = require("pyspark", "spark").TaskContext.get()
    return max(1, context.cpus()) if context is not None else 1
