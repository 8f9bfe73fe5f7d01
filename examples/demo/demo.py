"""The main job, end to end, on a real module: `make demo` runs this; read it from top to bottom.

A module of word vectors is authored in both formats, published on a hub that runs here, found by search,
used from fresh processes in three ways, re-trained, and published again as its next version.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(EXAMPLES))
import card  # noqa: E402
import numpy as np  # noqa: E402
import quiet  # noqa: E402
import sentences  # noqa: E402
import vectors  # noqa: E402
from running_hub import TFHUB, RunningHub, running_hub  # noqa: E402

TF1, TF2 = "demo/minilm-words", "demo/minilm-words-tf2"
PROBES = [
    "A film to fall in love with.",
    "Two hours I would like to have back!",
    "The plot? There is none.",
    "",
]
START = time.monotonic()


@dataclasses.dataclass(frozen=True)
class Job:
    """Where things are: a scratch folder, the hub, and the words with their vectors."""

    folder: Path
    hub: RunningHub
    words: vectors.WordVectors

    @property
    def vocabulary(self) -> Path:
        """The file with one word a line."""
        return self.folder / "vocabulary.txt"

    def url(self, name: str) -> str:
        """The handle of `publisher/model/version`."""
        return f"{self.hub.url}/{name}"

    def tfhub(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        """Runs a `tfhub` command as a user would, and shows it."""
        shown = shlex.join(argument.replace(f"{self.folder}/", "") for argument in arguments)
        say(f"$ tfhub {shown}")
        done = subprocess.run(
            [*TFHUB, *arguments], env=self.hub.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode and not may_fail:
            raise SystemExit(done.stdout + done.stderr)
        return done


def main() -> None:
    """Runs the steps in order."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="keep serving at the end, until Ctrl-C")
    keep = parser.parse_args().keep
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the with-blocks: no hub is left
    place = EXAMPLES.parent / "demo-hub"
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix="run-") as folder:
        title("1. A hub on this machine: SQLite and a folder, nothing to configure")
        say("$ tfhub serve")
        with running_hub(Path(folder) / "hub") as hub:
            say(f"serving {hub.url}")
            job = Job(Path(folder), hub, _words(Path(folder)))
            for step in (author, publish, discover, consume, train, publish_again):
                step(job)
            title(f"Done in {time.monotonic() - START:.0f} s. The hub is at {hub.url}")
            if keep:
                say("It keeps serving; look around in a browser. Ctrl-C stops it and removes its data.")
                _wait(hub)


def author(job: Job) -> None:
    """Builds the module in both formats, and once with random vectors, to compare."""
    title("2. Author a text-embedding module: strings in, vectors out")
    quiet.import_tensorflow()
    import text_module

    words, dimensions = job.words.table.shape
    say(f"{words:,} words × {dimensions}, trained vectors out of the package {vectors.PACKAGE[0]}")
    text_module.export_tf1(job.vocabulary, job.words.table, job.folder / "tf1")
    text_module.export_tf2(job.vocabulary, job.words.table, job.folder / "tf2")
    text_module.export_tf1(job.vocabulary, job.words.randomised().table, job.folder / "random")
    for name, what in (("tf1", "TF1 Hub format"), ("tf2", "TF2 SavedModel")):
        size = sum(path.stat().st_size for path in (job.folder / name).rglob("*") if path.is_file())
        say(f"{name}/  {what}, {size / 2**20:.0f} MiB")


def publish(job: Job) -> None:
    """Publishes both: one with the command, one from Python."""
    title("3. Publish both, each with its card")
    first = _card(job, f"{TF1}/1", "Word vectors of MiniLM for English text, in TF1 Hub format.")
    job.tfhub("publish", str(job.folder / "tf1"), f"{TF1}/1", "--card", str(first))
    second = _card(job, f"{TF2}/1", "Word vectors of MiniLM for English text, as a TF2 SavedModel.")
    say(f'>>> hub.publish("tf2", "{TF2}/1", card="card-tf2.md")')
    import tensorflow_hub

    published = tensorflow_hub.publish(
        job.folder / "tf2", f"{TF2}/1", card=second, hub=job.hub.url, token=job.hub.token
    )
    say(f"{published.url}, {published.archive_size / 2**20:.0f} MiB packed")


def discover(job: Job) -> None:
    """Finds them by search, on the command line and in the JSON API, and opens the page at the handle."""
    title("4. Find them; the handle is their page")
    _show(job.tfhub("search", "english word vectors").stdout)
    answer = json.loads(_get(job.url("api/v1/search?q=english+word+vectors")))
    say(f"the API finds {answer['total']} models")
    page = _get(job.url(f"{TF1}/1"), accept="text/html")
    say(f"{job.url(TF1 + '/1')} is a page of {len(page):,} characters")


def consume(job: Job) -> None:
    """Uses both modules from fresh processes with an empty cache, in three ways that must agree."""
    title("5. Use them, in fresh processes with an empty cache")
    ways = [("module", f"{TF1}/1", "hub.Module in a graph"), ("load", f"{TF2}/1", "hub.load"),
            ("keras", f"{TF2}/1", "hub.KerasLayer in a Keras model")]  # fmt: skip
    probes = job.folder / "probes.json"
    probes.write_text(json.dumps(PROBES), encoding="utf-8")
    results = []
    for way, name, what in ways:
        output = job.folder / f"{way}.npy"
        start = time.monotonic()
        subprocess.run(
            [sys.executable, str(Path(__file__).with_name("embed.py")), way, job.url(name), probes, output],
            env=job.hub.environment(cache=job.folder / f"cache-{way}"),
            check=True,
            stderr=subprocess.DEVNULL,
        )
        results.append(np.load(output))
        say(f"{what}: {results[-1].shape}, {time.monotonic() - start:.1f} s from a standing start")
    apart = max(float(np.abs(result - results[0]).max()) for result in results)
    assert apart <= 1e-6, f"the three ways differ by {apart}"
    say(f"the three agree: the largest difference is {apart:.1e}")


def train(job: Job) -> None:
    """Trains a sentiment classifier on the module, fixed and fine-tuned, and on random vectors."""
    title("6. Train a sentiment classifier on it")
    import classifier

    os.environ.update(job.hub.environment(cache=job.folder / "cache"))
    some, held_out = sentences.load()
    say(f"{len(some):,} sentences of film reviews to learn from, {len(held_out):,} held out")
    url, random = job.url(f"{TF1}/1"), str(job.folder / "random")
    rows = []
    for what, handle, tune in (
        ("module, fixed", url, False),
        ("module, fine-tuned", url, True),
        ("random vectors, fixed", random, False),
        ("random vectors, fine-tuned", random, True),
    ):
        accuracies = []
        for part in (some, some.first(500)):
            best = what == "module, fine-tuned" and part is some
            target = job.folder / "fine-tuned" if best else None
            accuracies.append(classifier.accuracy(handle, part, held_out, fine_tune=tune, export_to=target))
        rows.append((what, *accuracies))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"  {'held-out accuracy':<28}{'all':>8}{'500':>8}   sentences")
    for what, all_of_them, few in rows:
        print(f"  {what:<28}{all_of_them:>8.1%}{few:>8.1%}")


def publish_again(job: Job) -> None:
    """Publishes the fine-tuned module as version 2; version 1 stays what it was."""
    title("7. Publish the fine-tuned module as version 2")
    before = _digest(job.url(f"{TF1}/1"))
    notes = "Version 2 is fine-tuned on sentences of film reviews, out of the package `vaderSentiment`."
    second = _card(job, f"{TF1}/2", "Word vectors of MiniLM, fine-tuned on film reviews.", notes)
    job.tfhub("publish", str(job.folder / "fine-tuned"), f"{TF1}/2", "--card", str(second))
    assert _digest(job.url(TF1)) == _digest(job.url(f"{TF1}/2")) != before
    say(f"{job.url(TF1)} now gives version 2")
    assert _digest(job.url(f"{TF1}/1")) == before
    say("version 1 is byte for byte what it was")
    first = job.folder / "card-1.md"
    refused = job.tfhub(
        "publish", str(job.folder / "random"), f"{TF1}/1", "--card", str(first), may_fail=True
    )
    assert refused.returncode == 6, refused.stderr
    say("other bytes under version 1 are refused:")
    _show(refused.stderr)


def title(text: str) -> None:
    """Prints the heading of a step."""
    print(f"\n[{time.monotonic() - START:4.0f} s] {text}", flush=True)


def say(text: str) -> None:
    """Prints a line within a step."""
    print(f"  {text}", flush=True)


def _show(printed: str) -> None:
    """What a command printed, indented."""
    print(textwrap.indent(printed.strip(), "    "))


def _words(folder: Path) -> vectors.WordVectors:
    words = vectors.load()
    vectors.write_vocabulary(words.words, folder / "vocabulary.txt")
    return words


def _card(job: Job, name: str, summary: str, notes: str = "") -> Path:
    words, dimensions = job.words.table.shape
    path = job.folder / f"card-{name.rsplit('/', 1)[-1]}.md"
    saved_model = name.startswith(TF2)
    if saved_model:
        path = job.folder / "card-tf2.md"
    text = card.render(
        name, url=job.url(name), summary=summary, saved_model=saved_model, words=words, dimensions=dimensions,
        buckets=16, notes=notes,
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path


def _get(url: str, accept: str = "application/json") -> str:
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request) as response:
        return str(response.read().decode("utf-8"))


def _digest(handle: str) -> str:
    """The SHA-256 of the archive that a handle gives."""
    with urllib.request.urlopen(f"{handle}?tf-hub-format=compressed") as response:
        return hashlib.sha256(response.read()).hexdigest()


def _wait(hub: RunningHub) -> None:
    try:
        hub.process.wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
