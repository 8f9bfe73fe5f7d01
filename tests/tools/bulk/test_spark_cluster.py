"""`tfhub apply --engine spark` on a cluster whose processes are killed while it runs (make test-spark)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from patience import until
from spark_cluster import SparkCluster, require_own_network
from tool_data import reviews_rows

ROWS = int(os.environ.get("TFHUB_TEST_SPARK_ROWS", "100000"))
SHARDS = 50
PATIENCE = 1500  # seconds: TensorFlow starts anew in every process that takes the place of a killed one
SETTINGS = {
    "spark.executor.memory": "512m",
    "spark.driver.memory": "512m",
    "spark.executor.cores": "1",
    "spark.ui.enabled": "false",
    "spark.task.maxFailures": "8",
    # Tasks that seem slow run twice at the same time.
    "spark.speculation": "true",
    "spark.speculation.quantile": "0.3",
    "spark.speculation.multiplier": "1.05",
    "spark.speculation.interval": "1s",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    require_own_network()
    with SparkCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Texts, some of them blank, in row groups that have nothing to do with shards."""
    texts = [text for text, _ in reviews_rows(1000)]
    path = tmp_path_factory.mktemp("rows") / "texts.parquet"
    rows = [f"{texts[i % 1000]} {i}" if i % 997 else " " for i in range(ROWS)]
    pq.write_table(pa.table({"text": rows}), path, row_group_size=7000)
    return path


def start(cluster, *arguments):
    command = [sys.executable, "-m", "tensorflow_hub", "apply", *map(str, arguments)]
    return subprocess.Popen(command, env=cluster.environment, stdout=subprocess.PIPE, text=True)


def finished(out):
    """How many shards the driver has noted."""
    journal = out / "shards.jsonl"
    return len(journal.read_text().splitlines()) if journal.exists() else 0


def read(out):
    tables = [pq.read_table(path) for path in sorted(out.glob("part-*.parquet"))]
    return pa.concat_tables(tables).combine_chunks()


@pytest.mark.timeout(2 * PATIENCE)
def test_tasks_of_killed_processes_are_repeated_and_every_value_is_there_once(
    cluster, table, text_module, tmp_path
):
    out, size = tmp_path / "out", -(-ROWS // SHARDS)
    options = [part for item in SETTINGS.items() for part in ("--engine-option", "=".join(item))]
    where = ["--engine", "spark", "--master", cluster.master, "--shard-size", size]
    running = start(cluster, text_module, table, "-o", out, *where, *options)
    try:
        for kind, after in (("python_workers", 2), ("executors", 6), ("workers", 12)):
            until(lambda n=after: finished(out) >= n or running.poll() is not None, "a shard", PATIENCE)
            victims = []
            until(lambda k=kind, found=victims: found.extend(getattr(cluster, k)()) or found, kind)
            assert running.poll() is None, "the job ended before something was killed"
            os.kill(victims[0], signal.SIGKILL)
        said, _ = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
    assert running.returncode == 0, said
    local = start(cluster, text_module, table, "-o", tmp_path / "local", "--shard-size", size)
    assert local.wait() == 0
    ours, theirs = read(out), read(tmp_path / "local")
    assert ours["key"].equals(theirs["key"]), "every key once, in order"
    vectors = [one["embedding"].combine_chunks().flatten().to_numpy() for one in (ours, theirs)]
    np.testing.assert_allclose(*vectors, atol=1e-6)
    lists = [(folder / "skipped.jsonl").read_text() for folder in (out, tmp_path / "local")]
    skipped = [sorted(lines.splitlines()) for lines in lists]
    assert skipped[0] == skipped[1]
    assert len(skipped[0]) == -(-ROWS // 997)
    assert not list(out.glob(".part-*"))
