"""`hub.beam.ApplyModule`, and `apply` on Beam's runners beyond what every engine does (make test-beam)."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tool_data import reviews_rows

import tensorflow_hub as hub
from tensorflow_hub.errors import DataError

beam = pytest.importorskip("apache_beam", reason="needs apache-beam: make test-beam")

from apache_beam.testing.test_pipeline import TestPipeline  # noqa: E402
from apache_beam.testing.util import assert_that  # noqa: E402

TEXTS = [text for text, _ in reviews_rows(100)]


@pytest.fixture(scope="module")
def expected(text_module):
    return hub.load(text_module)(tf.constant(TEXTS)).numpy()


def test_texts_become_vectors(text_module, expected):
    def check(vectors):
        assert len(vectors) == 100
        np.testing.assert_allclose(sorted(v[0] for v in vectors), sorted(expected[:, 0]), atol=1e-6)

    with TestPipeline() as pipeline:
        assert_that(pipeline | beam.Create(TEXTS) | hub.beam.ApplyModule(text_module), check)


def test_keys_stay_with_their_vectors_and_invalid_texts_are_skipped(text_module, expected):
    def check(pairs):
        found = dict(pairs)
        assert sorted(found) == list(range(100))
        np.testing.assert_allclose([found[i] for i in range(100)], expected, atol=1e-6)

    with TestPipeline() as pipeline:
        pairs = [*enumerate(TEXTS), (100, None), (101, " ")]
        results = (
            pipeline | beam.Create(pairs) | hub.beam.ApplyModule(text_module, batch_size=9).with_skipped()
        )
        assert_that(results.main, check)
        assert_that(
            results.skipped,
            lambda items: (
                sorted(items) == [(100, "has no text"), (101, "has no text")] or pytest.fail(str(items))
            ),
            "s",
        )


def apply(module, data, output, runner, options):
    return hub.tools.apply(
        module, data, output, shard_size=40, engine="beam", where=runner, engine_options=options
    )


def read(folder):
    rows = {}
    for path in folder.glob("part*.parquet"):
        table = pq.read_table(path)
        rows.update(zip(table["key"].to_pylist(), table["embedding"].to_pylist(), strict=True))
    return rows


@pytest.fixture
def job_server(tmp_path):
    """Beam's own job server, which is spoken to as those of Flink and Spark are; its address."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main"]
    process = subprocess.Popen([*command, "--port_file", str(port_file)], cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not port_file.exists() or not port_file.read_text():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield f"localhost:{port_file.read_text()}"
    process.terminate()
    process.wait()


def test_a_job_sent_to_a_job_server_gives_what_the_local_one_gives(
    job_server, text_module, expected, tmp_path
):
    (tmp_path / "texts.txt").write_text("".join(f"{t}\n" for t in TEXTS))
    options = [f"job_endpoint={job_server}", "environment_type=LOOPBACK"]
    done = apply(text_module, tmp_path / "texts.txt", tmp_path / "out", "portable", options)
    assert done.rows == 100
    rows = read(tmp_path / "out")
    np.testing.assert_allclose([rows[str(i)] for i in range(1, 101)], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("runner", "options", "match"),
    [
        ("nosuch", [], r"on Beam's runner 'nosuch': Unexpected pipeline runner: nosuch"),
        ("prism", ["prism_location=/no/such/prism"], r"on Beam's runner 'prism': .* prism_location=PATH\."),
        ("spark", ["spark_job_server_jar=/no/such.jar"], r"runner 'spark': .* job_endpoint=HOST:PORT\."),
        ("flink", ["flink_job_server_jar=/no/such.jar"], r"runner 'flink': .* job_endpoint=HOST:PORT\."),
    ],
)
def test_a_runner_that_cannot_be_started_is_named_with_what_it_needs(
    runner, options, match, text_module, tmp_path
):
    (tmp_path / "texts.txt").write_text("good\n")
    with pytest.raises(DataError, match=match):
        apply(text_module, tmp_path / "texts.txt", tmp_path / "out", runner, options)


RUNNERS = {
    "direct": ["direct"],
    "two processes": ["direct", "direct_num_workers=2", "direct_running_mode=multi_processing"],
    "prism": ["prism"],
}


@pytest.mark.parametrize("options", RUNNERS.values(), ids=RUNNERS)
def test_the_whole_job_gives_what_the_local_one_gives(options, text_module, expected, tmp_path):
    runner, *flags = options
    if runner == "prism":
        if not os.environ.get("TFHUB_TEST_PRISM"):
            pytest.skip("TFHUB_TEST_PRISM names no Prism binary")
        flags.append(f"prism_location={os.environ['TFHUB_TEST_PRISM']}")
    (tmp_path / "texts.txt").write_text("".join(f"{t}\n" for t in TEXTS))
    done = apply(text_module, tmp_path / "texts.txt", tmp_path / "out", runner, flags)
    assert done.rows == 100
    rows = read(tmp_path / "out")
    np.testing.assert_allclose([rows[str(i)] for i in range(1, 101)], expected, atol=1e-6)


def test_a_relative_path_is_that_of_where_the_pipeline_is_written(text_module, tmp_path, monkeypatch):
    """Workers have working folders of their own."""
    (tmp_path / "module").symlink_to(text_module)
    monkeypatch.chdir(tmp_path)
    transform = hub.beam.ApplyModule("./module")
    monkeypatch.chdir("/")
    with TestPipeline() as pipeline:
        vectors = pipeline | beam.Create(["good"]) | transform
        assert_that(
            vectors, lambda found: [vector.shape for vector in found] == [(24,)] or pytest.fail(str(found))
        )


def test_mistakes_are_named_where_the_pipeline_is_written():
    with pytest.raises(DataError, match=r"Expected the kind 'image' or 'text', got 'images'\."):
        hub.beam.ApplyModule("acme/words/1", kind="images")
    with pytest.raises(TypeError, match="unexpected keyword argument 'sgnature'"):
        hub.beam.ApplyModule("acme/words/1", sgnature="default")
