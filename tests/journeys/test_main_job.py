"""The main job: author → publish → discover → consume → train → publish again, on a real hub.

The module, the sentences and the vectors are small and made here; the hub, the command line and the fresh
processes are real. `examples/demo` does the same with real vectors.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from patience import PATIENCE

pytest.importorskip("keras", minversion="3")
requests = pytest.importorskip("requests")

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"
TF1, TF2 = "acme/feelings", "acme/feelings-tf2"
GOOD = [f"good{i}" for i in range(40)]
BAD = [f"bad{i}" for i in range(40)]
PLAIN = [f"word{i}" for i in range(60)]
CARD = """# Module {name}
Vectors of made-up words, good and bad ones apart.

<!-- asset-path: legacy -->
<!-- task: text-embedding -->
<!-- format: {format} -->
<!-- fine-tunable: true -->
<!-- language: en -->
<!-- license: apache-2.0 -->

## Overview

A **small** module for a test.
"""
PROBES = ["good1 word2 good3", "Bad1, word2!", "", "neverseen good1"]


def table():
    """A row for each word: good and bad ones differ along one direction, under noise."""
    random = np.random.default_rng(5)
    rows = random.standard_normal((len(GOOD + BAD + PLAIN), 16)) * 0.3
    rows[: len(GOOD), 0] += 1
    rows[len(GOOD) : len(GOOD + BAD), 0] -= 1
    return rows.astype(np.float32)


def reviews(count):
    """Sentences of plain words with two that tell, and their labels."""
    import sentences

    random = np.random.default_rng(7)
    examples = []
    for _ in range(count):
        positive = bool(random.integers(2))
        words = [*random.choice(PLAIN, 4), *random.choice(GOOD if positive else BAD, 2)]
        examples.append((" ".join(random.permutation(words)), positive))
    return sentences.split(examples)


class User:
    """Somebody at a terminal with `tfhub` and `python`."""

    def __init__(self, hub, folder):
        self.hub, self.folder = hub, folder

    def tfhub(self, *arguments):
        command = [sys.executable, "-m", "tensorflow_hub", *map(str, arguments)]
        return subprocess.run(
            command, env=self.hub.environment(), capture_output=True, text=True, check=False
        )

    def publish(self, directory, name, saved_model=False):
        card = self.folder / "card.md"
        form = "saved_model_2" if saved_model else "hub"
        card.write_text(CARD.format(name=name, format=form), encoding="utf-8")
        return self.tfhub("publish", directory, name, "--card", card)

    def embed(self, way, name):
        """Embeds the probes in a fresh process whose cache is empty."""
        sentences, output = self.folder / "probes.json", self.folder / f"{way}.npy"
        sentences.write_text(json.dumps(PROBES), encoding="utf-8")
        command = [sys.executable, DEMO / "embed.py", way, f"{self.hub.url}/{name}", sentences, output]
        environment = self.hub.environment(cache=self.folder / f"cache-{way}")
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        done = subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return np.load(output)


@pytest.fixture
def user(tmp_path):
    from running_hub import running_hub

    with running_hub(tmp_path / "hub", port=0) as hub:
        yield User(hub, tmp_path)


def archive_of(handle):
    answer = requests.get(f"{handle}?tf-hub-format=compressed", timeout=PATIENCE)
    answer.raise_for_status()
    return answer.content


def test_the_main_job(user, tmp_path, monkeypatch):
    author_both(tmp_path)
    publish_both(user, tmp_path)
    discover(user)
    consume(user)
    with monkeypatch.context() as patch:
        patch.setenv("TFHUB_DOWNLOAD_PROGRESS", "0")
        train(user, tmp_path)
    publish_again(user, tmp_path)


def author_both(folder):
    import text_module

    vocabulary = folder / "vocabulary.txt"
    vocabulary.write_text("".join(f"{word}\n" for word in GOOD + BAD + PLAIN), encoding="utf-8")
    text_module.export_tf1(vocabulary, table(), folder / "tf1")
    text_module.export_tf2(vocabulary, table(), folder / "tf2")
    assert (folder / "tf1" / "tfhub_module.pb").exists()
    assert (folder / "tf1" / "assets" / "vocabulary.txt").read_bytes() == vocabulary.read_bytes()
    vocabulary.unlink()  # the modules carry their own


def publish_both(user, folder):
    for directory, name in ((folder / "tf1", f"{TF1}/1"), (folder / "tf2", f"{TF2}/1")):
        done = user.publish(directory, name, saved_model=name.startswith(TF2))
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == f"{user.hub.url}/{name}"
    again = user.publish(folder / "tf1", f"{TF1}/1")
    assert again.returncode == 0, again.stderr  # the same bytes again: harmless


def discover(user):
    done = user.tfhub("search", "made-up words", "--json")
    assert done.returncode == 0, done.stderr
    assert {f"{TF1}", f"{TF2}"} <= set(re.findall(r"acme/feelings(?:-tf2)?", done.stdout))
    shown = user.tfhub("show", f"{TF1}/1")
    assert shown.returncode == 0, shown.stderr
    assert "default" in shown.stdout
    page = requests.get(f"{user.hub.url}/{TF1}/1", headers={"Accept": "text/html"}, timeout=PATIENCE)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<strong>small</strong>" in page.text
    answer = requests.get(f"{user.hub.url}/api/v1/models/{TF1}/1", timeout=PATIENCE)
    assert answer.json()["handle"] == f"{TF1}/1"


def consume(user):
    in_graph = user.embed("module", f"{TF1}/1")
    assert in_graph.shape == (4, 16)
    assert not in_graph[2].any()  # no words, no vector
    for way in ("load", "keras"):
        np.testing.assert_allclose(user.embed(way, f"{TF2}/1"), in_graph, atol=1e-6)


def train(user, folder):
    import classifier

    some, held_out = reviews(500)
    handle = f"{user.hub.url}/{TF1}/1"
    fixed = classifier.accuracy(handle, some.first(60), held_out)
    tuned = classifier.accuracy(handle, some, held_out, fine_tune=True, export_to=folder / "tuned")
    assert fixed > 0.9
    assert tuned > 0.95


def publish_again(user, folder):
    first = archive_of(f"{user.hub.url}/{TF1}/1")
    done = user.publish(folder / "tuned", f"{TF1}/2")
    assert done.returncode == 0, done.stderr
    second = archive_of(f"{user.hub.url}/{TF1}/2")
    assert archive_of(f"{user.hub.url}/{TF1}") == second != first
    assert archive_of(f"{user.hub.url}/{TF1}/1") == first
    refused = user.publish(folder / "tuned", f"{TF1}/1")
    assert refused.returncode == 6
    assert "Traceback" not in refused.stderr
    assert f"{TF1}/1" in refused.stderr
    assert archive_of(f"{user.hub.url}/{TF1}/1") == first
