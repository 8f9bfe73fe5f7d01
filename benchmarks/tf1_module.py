"""A TF1 Hub module of ~3,000 nodes and ~50 MB, instantiated, applied, exported; beside tensorflow-hub 0.15.0.

    python benchmarks/tf1_module.py [--peer PYTHON] [--repeats 5]

PYTHON is one of an environment with tensorflow==2.15.1, tensorflow-hub==0.15.0 and setuptools<81, by default
`$TFHUB_PEERS/hub015/bin/python`, else one that is made under `.cache/peers` if Python is 3.11 or older. Both
sides run in processes of their own, alternating, on the same module; the times are medians in
seconds. Run it with the Python of a TensorFlow 2.15 environment to compare on one TensorFlow, and with that
of the newest to see how far it carries.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _peers import peer_python

SOURCE = Path(__file__).resolve().parents[1] / "src"
STEPS = ("instantiate", "apply ten times", "initialize", "export")
LAYERS, WIDTH = 88, 384


def module_fn():
    """A chain of layers with batch normalization: ~34 nodes and 0.6 MB of weights each."""
    import tensorflow as tf

    import tensorflow_hub as hub

    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, WIDTH], name="x")
    h = x
    for i in range(LAYERS):
        with v1.variable_scope(f"layer_{i}"):
            w = v1.get_variable("kernel", [WIDTH, WIDTH])
            b = v1.get_variable("bias", [WIDTH])
            gamma = v1.get_variable("gamma", [WIDTH], initializer=v1.ones_initializer())
            mean = v1.get_variable("mean", [WIDTH], trainable=False)
            h = tf.nn.relu((tf.matmul(h, w) + b - mean) * gamma)
    hub.add_signature(inputs=x, outputs=h)


def write_module(path):
    import tensorflow as tf

    import tensorflow_hub as hub

    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run(v1.global_variables_initializer())
        module.export(path, session)
        return len(graph.get_operations())


def measure(path):
    """The seconds that each step takes, in this process, the second time it is done."""
    import tensorflow as tf

    import tensorflow_hub as hub

    v1 = tf.compat.v1
    times = {}
    for _ in range(2):  # the first warms up
        with tf.Graph().as_default(), v1.Session() as session:
            x = tf.zeros([1, WIDTH])
            start = time.perf_counter()
            module = hub.Module(path)
            times["instantiate"] = time.perf_counter() - start
            start = time.perf_counter()
            for _ in range(10):
                module(x)
            times["apply ten times"] = time.perf_counter() - start
            start = time.perf_counter()
            session.run(v1.global_variables_initializer())
            times["initialize"] = time.perf_counter() - start
            target = tempfile.mkdtemp()
            start = time.perf_counter()
            module.export(os.path.join(target, "module"), session)
            times["export"] = time.perf_counter() - start
            shutil.rmtree(target)
    return {"versions": f"tensorflow {tf.__version__}, tensorflow_hub {hub.__version__}", "times": times}


def run_side(python, path, ours):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if ours:
        environment["PYTHONPATH"] = str(SOURCE)
    command = [python, __file__, "--measure", str(path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(result.stderr[-2000:])
    return json.loads(result.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer", help="a Python with the official package")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    peer = peer_python("hub015", arguments.peer)
    sys.path.insert(0, str(SOURCE))
    directory = Path(tempfile.mkdtemp())
    write_module(directory / "module")
    size = sum(f.stat().st_size for f in (directory / "module").rglob("*") if f.is_file())
    samples = {"ours": [], "peer": []}
    for _ in range(arguments.repeats):
        samples["ours"].append(run_side(sys.executable, directory / "module", ours=True))
        samples["peer"].append(run_side(peer, directory / "module", ours=False))
    shutil.rmtree(directory)
    report(samples, size, arguments.json)


def report(samples, size, as_json):
    rows = {
        side: {s: statistics.median(r["times"][s] for r in runs) for s in STEPS}
        for side, runs in samples.items()
    }
    versions = {side: runs[0]["versions"] for side, runs in samples.items()}
    if as_json:
        print(json.dumps({"size": size, "versions": versions, "seconds": rows}))
        return
    print(f"Module of {size / 1e6:.0f} MB; medians of {len(samples['ours'])} processes each, in seconds.")
    for side, version in versions.items():
        print(f"{side.capitalize()}: {version}.")
    print("\n| | ours | official | ratio |\n|---|---|---|---|")
    for step in STEPS:
        ours, official = rows["ours"][step], rows["peer"][step]
        print(f"| {step} | {ours:.3f} | {official:.3f} | {ours / official:.2f} |")


if __name__ == "__main__":
    main()
