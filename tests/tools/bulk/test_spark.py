"""`hub.spark`: columns and data frames of Spark (make test-spark)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from loopback import Answer, LoopbackServer
from spark_session import spark_session
from tool_data import reviews_rows

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError, InputError, ModuleError, SignatureError
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.tools.bulk.spark_files import send

TEXTS = [text for text, _ in reviews_rows(60)]


@pytest.fixture(scope="module")
def spark():
    return spark_session()


@pytest.fixture(scope="module")
def frame(spark):
    rows = [*enumerate(TEXTS), (60, None), (61, " ")]
    return spark.createDataFrame(rows, "id int, text string").repartition(1).cache()


@pytest.fixture(scope="module")
def expected(text_module):
    return hub.load(text_module)(tf.constant(TEXTS)).numpy()


@pytest.fixture(scope="module")
def pair_module(tmp_path_factory):
    """A module with two outputs, and a signature with one of them."""

    class Pair(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            lengths = tf.cast(tf.strings.length(texts), tf.float32)[:, None]
            return {"length": lengths, "powers": tf.concat([lengths, lengths**2], 1)}

    module = Pair()
    path = str(tmp_path_factory.mktemp("pair") / "module")
    signature = tf.function(
        lambda text: {"tripled": 3 * module(text)["length"]},
        input_signature=[tf.TensorSpec([None], tf.string, "text")],
    )
    tf.saved_model.save(module, path, signatures={"triple": signature})
    return path


def check(rows, column, expected):
    found = {row.id: row[column] for row in rows}
    assert sorted(found) == list(range(62))
    assert found[60] is found[61] is None
    np.testing.assert_allclose([found[i] for i in range(60)], expected, atol=1e-6)


def test_a_column_of_vectors(frame, text_module, expected):
    vectors = frame.withColumn("vector", hub.spark.udf(text_module)("text"))
    assert vectors.schema["vector"].dataType.simpleString() == "array<float>"
    check(vectors.collect(), "vector", expected)


def test_pandas_where_spark_has_no_functions_of_arrow(frame, text_module, expected, monkeypatch):
    monkeypatch.delattr("pyspark.sql.functions.arrow_udf")
    check(
        frame.withColumn("vector", hub.spark.udf(text_module)("text")).collect(),
        "vector",
        expected,
    )
    rows = frame.withColumn("both", hub.spark.udf(text_module, skipped="why")("text"))
    rows = rows.select("id", "both.embedding", "both.why").collect()
    check(rows, "embedding", expected)
    assert {row.id: row.why for row in rows if row.why} == {60: "has no text", 61: "has no text"}


def test_a_frame_gets_columns_and_the_reasons_are_one(frame, text_module, expected):
    vectors = frame.transform(hub.spark.apply(text_module, input="text", skipped="why"))
    kinds = [field.dataType.simpleString() for field in vectors.schema]
    assert kinds == ["int", "string", "array<float>", "string"]
    assert vectors.rdd.getNumPartitions() == 2, "one partition, two cores"
    rows = vectors.collect()
    check(rows, "embedding", expected)
    assert {row.id: row.why for row in rows if row.why} == {60: "has no text", 61: "has no text"}
    assert (
        frame.transform(hub.spark.apply(text_module, input="text", partitions=5)).rdd.getNumPartitions() == 5
    )


def test_several_outputs_and_a_signature(frame, pair_module):
    struct = frame.limit(3).withColumn(
        "all", hub.spark.udf(pair_module, outputs=["powers", "length"])("text")
    )
    assert struct.schema["all"].dataType.simpleString() == "struct<powers:array<float>,length:array<float>>"
    two = hub.spark.apply(pair_module, input="text", output={"length": "n", "powers": "p"})
    tripled = hub.spark.apply(pair_module, input="text", output="t", signature="triple")
    for row in struct.transform(two).transform(tripled).collect():
        n = len(row.text)
        assert row["all"].powers == row.p == [n, n * n]
        assert row["all"].length == row.n == [n]
        assert row.t == [3 * n]


def test_images_as_bytes(spark, photos, image_module, tmp_path):
    rows = [(path.name, path.read_bytes()) for path in sorted((photos / "red").glob("*.png"))]
    frame = spark.createDataFrame([*rows, ("broken", b"no"), ("none", None)], "name string, content binary")
    vectors = hub.spark.apply(image_module, kind="image", input="content", output="vector", skipped="why")
    found = {row.name: row for row in frame.transform(vectors).collect()}
    assert "is not an image" in found["broken"].why
    assert found["none"].why == "has no image"
    hub.tools.apply(image_module, photos / "red", tmp_path / "out", format="npy")
    local = np.load(tmp_path / "out" / "part-00000.npy")
    names = sorted(path.name for path in (photos / "red").iterdir())
    for name, _ in rows:
        np.testing.assert_allclose(found[name].vector, local[names.index(name)], atol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"kind": "image"}, InputError, r"to take images, .* it takes string\[\?\]"),
        ({"kind": "words"}, DataError, "Expected the kind 'image' or 'text', got 'words'"),
        ({"signature": "no"}, SignatureError, "signature 'no' in .*found only 'serving_default'"),
        ({"outputs": ["no"]}, ModuleError, "it has one output without a name"),
    ],
)
def test_mistakes_are_named_where_the_query_is_written(options, error, match, spark, text_module):
    with pytest.raises(error, match=match):
        hub.spark.udf(text_module, **options)


def test_columns_that_are_missing_or_taken(frame, text_module):
    with pytest.raises(DataError, match=r"Expected a column 'body', the frame has 'id', 'text'\."):
        frame.transform(hub.spark.apply(text_module, input="body"))
    with pytest.raises(DataError, match="The frame has a column 'id' already"):
        frame.transform(hub.spark.apply(text_module, input="text", output="id"))


def test_a_worker_gets_a_module_of_the_drivers_disk_and_the_threads_of_its_cores(
    spark, text_module, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("module").symlink_to(text_module)
    sent = send(spark.sparkContext, "./module")

    def on_worker_process(_):
        import tensorflow as tf

        from tensorflow_hub.tools.bulk.shipping import arrived
        from tensorflow_hub.tools.bulk.spark_files import on_worker, task_cores
        from tensorflow_hub.tools.bulk.worker import worker_computation

        worker_computation(on_worker(sent), "text", {}, threads=task_cores())
        return arrived(on_worker(sent)), tf.config.threading.get_intra_op_parallelism_threads()

    [(path, threads)] = spark.sparkContext.parallelize([0], 1).map(on_worker_process).collect()
    assert threads == 1, "one core a task, of two that this machine has"
    assert Path(path).resolve() != Path(text_module).resolve()
    graphs = [(Path(folder) / "saved_model.pb").read_bytes() for folder in (path, text_module)]
    assert graphs[0] == graphs[1]


WORKERS = """
import sys, time
from pyspark.sql import SparkSession

def load(_):
    import os
    import tensorflow as tf
    from tensorflow_hub.tools.bulk.spark_files import task_cores
    from tensorflow_hub.tools.bulk.worker import worker_computation
    loaded = [worker_computation(handle, "text", {}, threads=task_cores()) for _ in range(2)]
    time.sleep(1)  # the other task is given to another worker
    threading = tf.config.threading
    threads = threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()
    return os.getpid(), loaded[0] is loaded[1], *threads

handle = sys.argv[1]
settings = {"spark.ui.enabled": "false", "spark.task.cpus": "2", "spark.driver.memory": "512m"}
builder = SparkSession.builder.master("local[4]")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
for row in spark.sparkContext.parallelize(range(4), 4).map(load).collect():
    print(*row)
spark.stop()
"""


def test_workers_that_start_at_once_download_a_module_once(spark, text_module, tmp_path):
    write_archive(text_module, tmp_path / "module.tar.gz")
    server = LoopbackServer(lambda request: Answer(200, tmp_path / "module.tar.gz"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["TFHUB_CACHE_DIR"] = str(tmp_path / "cache")
    command = [sys.executable, "-c", WORKERS, f"{server.url}/module.tar.gz"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    server.close()
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert len(rows) == 4, ended.stderr
    assert len({row[0] for row in rows}) == 2, "four cores, two a task"
    assert {tuple(row[1:]) for row in rows} == {("True", "2", "2")}, "loaded once, a thread for each core"
    assert [request.method for request in server.requests].count("GET") == 1


DRIVER = """
import sys
import tensorflow_hub as hub
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
hub.spark.udf(sys.argv[1])
hub.spark.apply(sys.argv[1], input="text")
print("tensorflow" in sys.modules)
spark.stop()
import tensorflow_hub.tools.bulk.engines.spark, tensorflow_hub.tools.bulk.applying
print("tensorflow" in sys.modules)
try:
    hub.spark.udf(sys.argv[1])
except hub.HubError as error:
    print(error.problem)
"""


def test_the_driver_needs_no_tensorflow(spark, text_module):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", DRIVER, text_module]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    said = ["False", "False", "Expected a Spark session, there is none."]
    assert ended.stdout.splitlines() == said, ended.stderr
