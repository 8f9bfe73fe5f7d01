"""What every engine of `apply` does, and that all give the same."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from repeating_engine import IMPORT_STRING
from spark_session import spark_session
from tool_data import reviews_rows

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError, InputError, MissingDependencyError, SignatureError

TEXTS = [f"{text} {'very ' * (i % 17)}" for i, (text, _) in enumerate(reviews_rows(1000))]
for place in (3, 500, 999):
    TEXTS[place] = " "
GOOD = [i for i, text in enumerate(TEXTS) if text.strip()]


@pytest.fixture(params=["local", IMPORT_STRING, "beam", "spark"])
def engine(request):
    if request.param == "beam" and importlib.util.find_spec("apache_beam") is None:
        pytest.skip("needs apache-beam: make test-beam")
    if request.param == "spark":
        spark_session()
    return request.param


@pytest.fixture(scope="module")
def expected(text_module):
    return hub.load(text_module)(tf.constant([TEXTS[i] for i in GOOD])).numpy()


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"body": TEXTS}), path, row_group_size=300)
    return path


@pytest.fixture
def job(text_module, table):
    return text_module, table


def read(folder, format="parquet"):
    """Key → vector, of all files; fails when a key is there twice."""
    found = {}
    for path in sorted(folder.glob(f"part-*.{format}")):
        if format == "parquet":
            rows = pq.read_table(path)
            keys, vectors = rows["key"].to_pylist(), rows["embedding"].to_pylist()
        elif format == "npy":
            keys, vectors = json.loads(path.with_suffix(".keys.json").read_text()), np.load(path)
        else:
            records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
            features = [tf.train.Example.FromString(record).features.feature for record in records]
            keys = [one["key"].bytes_list.value[0].decode() for one in features]
            vectors = [one["embedding"].float_list.value for one in features]
        assert not found.keys() & set(keys)
        found.update(zip(keys, np.array(vectors, np.float32), strict=True))
    return found


def check(folder, expected, format="parquet"):
    found = read(folder, format)
    assert sorted(found, key=int) == [str(i + 1) for i in GOOD]
    np.testing.assert_allclose([found[str(i + 1)] for i in GOOD], expected, atol=1e-5)
    assert not list(folder.glob(".part-*")), "nothing is left over"


@pytest.mark.parametrize("format", ["parquet", "npy", "tfrecord"])
def test_every_row_once_with_its_vector(engine, format, job, expected, tmp_path):
    out = tmp_path / "out"
    done = hub.tools.apply(*job, out, text_column="body", format=format, engine=engine)
    assert (done.rows, done.resumed, done.dimension) == (997, 0, 24)
    assert sorted((s.name, s.reason) for s in done.skipped) == [
        (n, "has no text") for n in ("1000", "4", "501")
    ]
    check(out, expected, format)
    shards = len(list(out.glob(f"part-*.{format}")))
    assert shards == 1 if engine == "local" else shards >= 2, "a small input makes work for all"


def test_rows_that_must_be_read_from_the_beginning(engine, text_module, expected, tmp_path, monkeypatch):
    """And everything by relative paths: workers have working folders of their own."""
    monkeypatch.chdir(tmp_path)
    Path("module").symlink_to(text_module)
    Path("texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n\n" for text in TEXTS))
    hub.tools.apply("./module", "texts.jsonl", "out", shard_size=300, engine=engine)
    found = read(tmp_path / "out")
    assert sorted(map(int, found)) == [2 * i + 1 for i in GOOD], "the numbers of the lines"
    np.testing.assert_allclose([found[str(2 * i + 1)] for i in GOOD], expected, atol=1e-5)


def test_a_job_continues_where_another_engine_stopped(engine, text_module, table, expected, tmp_path):
    out = tmp_path / "out"
    hub.tools.apply(text_module, table, out, text_column="body", shard_size=100)
    lines = (out / "shards.jsonl").read_text().splitlines(keepends=True)
    (out / "shards.jsonl").write_text("".join(lines[:3] + lines[5:]))
    for lost in (3, 4):
        (out / f"part-{lost:05d}.parquet").unlink()
    times = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    done = hub.tools.apply(text_module, table, out, text_column="body", engine=engine)
    assert (done.rows, done.resumed) == (997, 797)
    check(out, expected)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_images_and_broken_ones(engine, photos, image_module, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, path in enumerate(sorted(photos.rglob("*.png"))):
        (folder / f"{i}.png").write_bytes(path.read_bytes())
    (folder / "broken.png").write_bytes(b"no")
    (folder / "gone.png").symlink_to("nowhere.png")
    done = hub.tools.apply(image_module, folder, tmp_path / "out", shard_size=4, engine=engine)
    local = hub.tools.apply(image_module, folder, tmp_path / "local")
    assert done.rows == local.rows == 15
    assert sorted(item.name for item in done.skipped) == ["broken.png", "gone.png"]
    assert set(done.skipped) == set(local.skipped)
    ours, theirs = read(tmp_path / "out"), read(tmp_path / "local")
    assert ours.keys() == theirs.keys()
    for key in theirs:
        np.testing.assert_allclose(ours[key], theirs[key], atol=1e-5)


def test_a_module_for_something_else_is_refused_before_anything_is_written(
    engine,
    table,
    text_module,
    image_module,
    tmp_path,
):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"to take texts, string \[b\]; it takes float32"):
        hub.tools.apply(image_module, table, out, text_column="body", engine=engine)
    with pytest.raises(SignatureError, match="signature 'nosuch' in .*found only 'serving_default'"):
        hub.tools.apply(text_module, table, out, text_column="body", signature="nosuch", engine=engine)
    assert not out.exists()


def test_errors_of_workers_are_raised_by_the_driver(engine, text_module, table, tmp_path):
    with pytest.raises(DataError, match=r"Expected a column 'title' in 'texts.parquet', found 'body'\."):
        hub.tools.apply(text_module, table, tmp_path / "out", text_column="title", engine=engine)


def test_an_input_without_rows(engine, text_module, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    assert hub.tools.apply(text_module, tmp_path / "empty.txt", tmp_path / "out", engine=engine).rows == 0


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("flik", r"Expected the engine local or spark or beam, got 'flik'\. .* package\.module:Name\."),
        ("no.such:Engine", r"engine 'no\.such:Engine' cannot be imported: No module named 'no'"),
        ("repeating_engine:Nothing", r"cannot be imported: .* no attribute 'Nothing'"),
    ],
)
def test_engines_that_do_not_exist(name, match, text_module, table, tmp_path):
    with pytest.raises(DataError, match=match):
        hub.tools.apply(text_module, table, tmp_path / "out", text_column="body", engine=name)


@pytest.mark.parametrize(("name", "package"), [("beam", "apache-beam"), ("spark", "pyspark")])
def test_an_engine_whose_package_is_missing(name, package, text_module, table, tmp_path):
    if importlib.util.find_spec({"beam": "apache_beam"}.get(name, package)):
        pytest.skip(f"{package} is here")
    with pytest.raises(MissingDependencyError, match=rf"pip install 'tensorflow-hub\[{name}\]'"):
        hub.tools.apply(text_module, table, tmp_path / "out", text_column="body", engine=name)
    with pytest.raises(MissingDependencyError, match=rf"pip install 'tensorflow-hub\[{name}\]'"):
        hub.beam.ApplyModule(text_module) if name == "beam" else hub.spark.udf(text_module)
