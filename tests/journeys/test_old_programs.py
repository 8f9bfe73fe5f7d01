"""Programs of 2018 and 2021, not a letter of them changed, on tfhub.dev's good and bad days.

They name modules by URLs of tfhub.dev. Servers on loopback speak for it and for Kaggle.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from kaggle_server import KaggleServer, files_of
from patience import PATIENCE
from tfhub_dev_server import TfhubDevServer

DATA = Path(__file__).parents[1] / "data"
ELMO = "google/elmo/tensorFlow1/elmo/2"
NNLM = "google/nnlm/tensorFlow2/en-dim50/1"
# In 2018, `tensorflow` was what `tensorflow.compat.v1` is now.
AS_IN_2018 = """
import builtins, sys
import tensorflow.compat.v1 as tensorflow_1
tensorflow_1.disable_v2_behavior()
def import_(name, *arguments):
    return tensorflow_1 if name == "tensorflow" else builtins.__import__(name, *arguments)
names = {"__name__": "__main__", "__builtins__": {**vars(builtins), "__import__": import_}}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), names)
"""
DAYS = ("good", "refused", "down")


class Embedding(tf.Module):
    """Embeds sentences by the words in them; can be trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.table = tf.Variable(tf.random.stateless_normal([100, 50], [1, 2]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, sentences):
        words = tf.strings.split(sentences)
        ids = tf.strings.to_hash_bucket_fast(words.flat_values, 100)
        vectors = tf.RaggedTensor.from_row_splits(tf.gather(self.table, ids), words.row_splits)
        return tf.reduce_sum(vectors, axis=1)


@pytest.fixture(scope="module")
def embedding(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("nnlm")
    tf.saved_model.save(Embedding(), str(folder))
    return folder


@pytest.fixture
def services(embedding, monkeypatch):
    """tfhub.dev, Kaggle behind it, and the settings that lead to both."""
    kaggle = KaggleServer()
    kaggle.publish(ELMO, files_of(DATA / "tf1_modules" / "05_text_embedding" / "module"))
    kaggle.publish(NNLM, files_of(embedding))
    tfhub_dev = TfhubDevServer(kaggle)
    tfhub_dev.moved |= {"google/elmo/2": ELMO, "google/nnlm-en-dim50/2": NNLM}
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", kaggle.url)
    monkeypatch.setenv("TFHUB_DEV_ENDPOINT", tfhub_dev.url)
    yield tfhub_dev
    tfhub_dev.close()
    kaggle.close()


def run(program: str, *launcher: str) -> str:
    command = [sys.executable, *launcher, str(DATA / "old_programs" / program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_that_it_trained(output: str, trainable: int) -> None:
    assert f"trainable: {trainable}" in output
    before, after = map(float, re.findall(r"\d+\.\d+", output))
    assert after < 0.8 * before


def choose(tfhub_dev: TfhubDevServer, day: str) -> None:
    if day == "down":
        tfhub_dev.server.close()
    else:
        tfhub_dev.day = day


@pytest.mark.tf1
@pytest.mark.parametrize("day", DAYS)
def test_a_program_of_2018_trains(services, day):
    choose(services, day)
    check_that_it_trained(run("of_2018.py", "-c", AS_IN_2018), trainable=2)
    api = [path for path in services.kaggle.server.paths() if path.startswith("/api/")]
    assert bool(api) == (day != "good")


@pytest.mark.keras
@pytest.mark.parametrize("day", DAYS)
def test_a_program_of_2021_trains(services, day):
    choose(services, day)
    check_that_it_trained(run("of_2021.py"), trainable=5)


@pytest.mark.keras
def test_a_second_run_makes_no_requests(services):
    run("of_2021.py")
    asked = len(services.server.requests)
    services.kaggle.close()
    check_that_it_trained(run("of_2021.py"), trainable=5)
    assert len(services.server.requests) == asked
