"""The text encoders of the zoo by `tfhub compare`: movie sentences, positive or negative.

    python benchmarks/compare.py [--sentences N]

Data: the 10,605 sentences of PyPI vaderSentiment, which people scored from -4 to 4; those above 0 are
positive, those below negative. Modules: built by their recipes in `examples/zoo/`; the language model is
left out, for it was trained on these sentences. Each is measured in a process of its own on the same split,
15 % of the sentences to measure on; intervals are Wilson's. The best module is then retrained as
`tfhub retrain text` does it, from an empty feature cache.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / path) for path in ("src", "examples/zoo", "examples", "examples/demo")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import build as zoo  # noqa: E402
import numpy as np  # noqa: E402
import sentences  # noqa: E402
from assets import cache_folder  # noqa: E402

import tensorflow_hub as hub  # noqa: E402

# Family of recipes → the modules of it that map texts to vectors.
ENCODERS = {
    "word_vectors": ("zoo/word-vectors-en/tf2/1", "zoo/word-vectors-en/tf1/1"),
    "sentence_encoder_lite": ("zoo/universal-sentence-encoder-lite/1",),
    "minilm": ("zoo/minilm-l6/encoder/1",),
}
PREPROCESSORS = {"zoo/minilm-l6/encoder/1": "zoo/minilm-l6/preprocess/1"}


def modules(*families: str) -> dict[str, str]:
    """Name → directory, of the encoders and the preprocessors of families, by default of all."""
    wanted = {*(name for names in ENCODERS.values() for name in names), *PREPROCESSORS.values()}
    out = cache_folder().parent / "zoo"
    found = [recipe for family in families or ENCODERS for recipe in zoo.recipes(family)]
    return {r.name: str(zoo.build(r, out) / "module") for r in found if r.name in wanted}


def write_table(path: Path, count: int | None) -> None:
    """A CSV with the columns `text` and `label`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for part in sentences.load():
            rows = part.first(count) if count else part
            writer.writerows(zip(rows.texts, np.where(rows.labels > 0, "positive", "negative"), strict=True))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, help="only so many")
    count = parser.parse_args().sentences
    built = modules()
    names = {built[name]: name for group in ENCODERS.values() for name in group}
    preprocessors = {built[encoder]: built[first] for encoder, first in PREPROCESSORS.items()}
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "sentences.csv"
        write_table(table, count)
        comparison = hub.tools.compare(list(names), table, preprocessors=preprocessors, cache=False)
        print("| Module | right | 95 % interval | sentences/s | numbers | MB | memory, MB |")
        print("|---|---|---|---|---|---|---|")
        for found in sorted(comparison.measurements, key=lambda m: -m.accuracy.value):
            low, high = found.accuracy.interval
            print(
                f"| `{names[found.module]}` | {100 * found.accuracy.value:.1f} % | {100 * low:.1f} to "
                f"{100 * high:.1f} | {found.examples_per_second:,.0f} | {found.dimension} "
                f"| {found.megabytes:.0f} | {found.peak_megabytes:,.0f} |"
            )
        best = comparison.best
        if best is None:
            raise SystemExit("No module could be measured.")
        started = time.perf_counter()
        outcome = hub.tools.retrain_text(
            table,
            best.module,
            Path(temporary) / "model",
            preprocessor=preprocessors.get(best.module),
            cache_folder=str(Path(temporary) / "cache"),
        )
        seconds = time.perf_counter() - started
        print(
            f"\n`tfhub retrain text` with `{names[best.module]}`: {outcome.accuracy} right, "
            f"{seconds:.0f} s from the table to the saved model."
        )


if __name__ == "__main__":
    main()
