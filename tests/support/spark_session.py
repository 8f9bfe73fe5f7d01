"""A Spark session whose workers are processes of this machine, shared by all tests of a run."""

from __future__ import annotations

import os
import shutil
import sys

import pytest


def spark_session():
    """The session; skips where Spark or Java is missing."""
    pyspark = pytest.importorskip("pyspark.sql", reason="needs pyspark: make test-spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("needs Java")
    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    builder = pyspark.SparkSession.builder.master("local[2]")
    settings = {
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.log.level": "ERROR",
        # Workers start elsewhere than the driver, and find our modules where the tests do.
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
