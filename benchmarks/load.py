"""Seconds from a module's path to its first result, and per batch after that, beside plain TensorFlow.

    python benchmarks/load.py [--networks MobileNetV2 EfficientNetB7 …] [--runs 5] [--json results.json]
    python benchmarks/load.py --profile EfficientNetB7     in which functions the time of a load passes

The networks are built by Keras with random weights and exported by `model.export`. Each measurement of
loading is a process of its own that has imported TensorFlow before the clock starts; the ways alternate,
and the median counts. Batches are measured in turn in one process. CPU seconds are shown beside wall-clock
ones: on a busy machine they are the ones to compare. The last three columns are ratios: of the load alone,
from the path to the first result, and of a batch of one image.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = {"MobileNetV2": 224, "ResNet50": 224, "EfficientNetB0": 224, "EfficientNetB7": 600}
NOTE = """
The first result is the load and the first call. In the first call TensorFlow optimizes the graph and prepares
its kernels, which takes the same time for all ways: with EfficientNetB7, 41 % of the time to the first result
of `tf.saved_model.load`. So little is left for loading if the first result is to come in half the time. By a
profile of `hub.load(inference_only=True)` (`--profile EfficientNetB7`), 76 % of the load is TensorFlow
importing the functions that inference needs: the network has 6,291 nodes, and TensorFlow makes a Python
object for each. 18 % is making the objects of the SavedModel, mostly variables, 3 % is reading their values,
and 3 % is ours.
"""
WAYS = ("tf.saved_model.load", "hub.load", "hub.load(inference_only=True)")
# At least so many seconds and calls of each way, and the median counts.
STEADY_SECONDS, STEADY_CALLS = 8.0, 20


def export(name: str, path: str) -> None:
    import keras

    size = SIZES[name]
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3))
    model.export(path, verbose=False)


def measure(way: str, path: str, size: int) -> dict[str, float]:
    import numpy as np
    import tensorflow as tf

    import tensorflow_hub as hub

    _ = hub.load  # what is measured is loading, not importing
    images = tf.constant(np.random.default_rng(0).random((1, size, size, 3)), tf.float32)
    tf.function(tf.nn.relu)(images)  # TensorFlow sets itself up with its first function
    wall, cpu = time.perf_counter(), time.process_time()
    if way == "tf.saved_model.load":
        module = tf.saved_model.load(path)
    else:
        module = hub.load(path, inference_only="inference_only" in way)
    loaded = time.perf_counter()
    module.serve(images).numpy()
    return {
        "load": loaded - wall,
        "first_result": time.perf_counter() - wall,
        "first_result_cpu": time.process_time() - cpu,
    }


def steady(path: str, size: int) -> dict[str, float]:
    """Seconds of a batch by each way, in turn in one process: between two, one graph differs by a tenth."""
    import numpy as np
    import tensorflow as tf

    import tensorflow_hub as hub

    images = tf.constant(np.random.default_rng(0).random((1, size, size, 3)), tf.float32)
    loaded = (tf.saved_model.load(path), hub.load(path), hub.load(path, inference_only=True))
    modules = dict(zip(WAYS, loaded, strict=True))
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    while len(times[WAYS[0]]) <= STEADY_CALLS or sum(times[WAYS[0]]) < STEADY_SECONDS:
        for way, module in modules.items():
            start = time.perf_counter()
            module.serve(images).numpy()
            times[way].append(time.perf_counter() - start)
    return {way: statistics.median(of_way[1:]) for way, of_way in times.items()}


def profile(path: str) -> None:
    """Prints the functions in which `hub.load` spends its time, of the second load in this process."""
    import cProfile
    import pstats

    import tensorflow_hub as hub

    hub.load(path, inference_only=True)
    with cProfile.Profile() as profiler:
        hub.load(path, inference_only=True)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(40)


def in_process(*arguments: str) -> str:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def compare(name: str, runs: int, folder: Path) -> dict[str, dict[str, float]]:
    path = str(folder / name)
    in_process("--export", name, path)
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(runs):
        for way in WAYS:
            figures[way].append(
                json.loads(in_process("--measure", way, path, str(SIZES[name])).splitlines()[-1])
            )
    batches = json.loads(in_process("--steady", path, str(SIZES[name])).splitlines()[-1])
    return {
        way: {key: statistics.median(run[key] for run in of_way) for key in of_way[0]}
        | {"batch": batches[way]}
        for way, of_way in figures.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", choices=list(SIZES), help="of `hub.load(inference_only=True)`")
    parser.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--steady", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.export:
        export(*arguments.export)
        return
    if arguments.measure:
        way, path, size = arguments.measure
        print(json.dumps(measure(way, path, int(size))))
        return
    if arguments.steady:
        print(json.dumps(steady(arguments.steady[0], int(arguments.steady[1]))))
        return
    if arguments.profile:
        with tempfile.TemporaryDirectory() as folder:
            in_process("--export", arguments.profile, folder)
            profile(folder)
        return
    results = {}
    head = ["network", "way", "load", "first result", "CPU to it", "a batch", "load", "first result", "batch"]
    print("| " + " | ".join(head) + " |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.networks:
            results[name] = compare(name, arguments.runs, Path(folder))
            plain = results[name][WAYS[0]]
            for way, row in results[name].items():
                ratios = [row[key] / plain[key] for key in ("load", "first_result", "batch")]
                print(
                    f"| {name} | `{way}` | {row['load']:.2f} s | {row['first_result']:.2f} s "
                    f"| {row['first_result_cpu']:.2f} s | {1000 * row['batch']:.1f} ms | "
                    + " | ".join(f"{ratio:.2f}" for ratio in ratios)
                    + " |",
                    flush=True,
                )
    print("\nThe last three columns are ratios to `tf.saved_model.load`.")
    print(NOTE)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
