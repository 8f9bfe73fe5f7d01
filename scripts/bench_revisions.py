"""Compares an earlier revision of the library with the working tree: loading, `hub.Module`, retraining.

    python scripts/bench_revisions.py REVISION [--repeats 7] [--networks MobileNetV2 ResNet50] [--retrain 400]

Each measurement is a separate process. The two revisions alternate and load the same files, so that other
work on the machine affects both. The table has medians in seconds and their ratio. The measurements are those
of `benchmarks/load.py`, `benchmarks/tf1_module.py` and, for `--retrain`, of `benchmarks/retrain.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "src")]

import load  # noqa: E402
import tf1_module  # noqa: E402


def measure(source: Path, script: str, *arguments: str) -> dict[str, float]:
    """Runs one measurement of a benchmark with the library in `source`."""
    environment = os.environ | {"PYTHONPATH": str(source), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(ROOT / "benchmarks" / script), "--measure", *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    figures = json.loads(output.splitlines()[-1])
    times: dict[str, float] = figures.get("times", figures)
    return times


def measurements(folder: Path, networks: list[str], photos: int) -> Iterator[tuple[str, list[str]]]:
    """Names of measurements with the script and its arguments; writes the modules that they load."""
    if photos:
        import retrain

        retrain.cats_and_dogs(folder / "photos", photos, 0)
        yield f"retraining on {photos} photos", ["retrain.py", f"{folder}/photos/train", retrain.module()]
    tf1_module.write_module(folder / "tf1")
    yield "hub.Module", ["tf1_module.py", str(folder / "tf1")]
    for name in networks:
        load.export(name, str(folder / name))
        for way in load.WAYS[1:]:
            yield f"{name}, {way}", ["load.py", way, str(folder / name), str(load.SIZES[name])]


def main() -> None:
    """Reads the options, and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--networks", nargs="*", default=["MobileNetV2", "ResNet50"], choices=list(load.SIZES)
    )
    parser.add_argument("--retrain", type=int, default=0, help="the number of photos to retrain on")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "old")
        archive = subprocess.run(
            ["git", "archive", arguments.revision, "src"], check=True, stdout=subprocess.PIPE, cwd=ROOT
        )
        old.mkdir()
        subprocess.run(["tar", "-x", "-C", str(old)], check=True, input=archive.stdout)
        print(f"| measurement | {arguments.revision} | working tree | ratio |\n|---|---:|---:|---:|")
        for name, command in measurements(Path(folder), arguments.networks, arguments.retrain):
            runs = [
                [measure(source, *command) for source in (old / "src", ROOT / "src")]
                for _ in range(arguments.repeats)
            ]
            for step in runs[0][0]:
                before, now = (statistics.median(run[side][step] for run in runs) for side in (0, 1))
                print(f"| {name}: {step} | {before:.3f} | {now:.3f} | {now / before:.2f} |", flush=True)


if __name__ == "__main__":
    main()
