"""Modules on a GPU: loading, applying while the host decodes, fine-tuning, with mixed precision and with XLA.

    python benchmarks/gpu.py [--images 4000] [--steps 50]
    python benchmarks/gpu.py --device cpu --quick      # that it runs, where no GPU is

Without a GPU, it says so and measures nothing. The module is MobileNetV2 for 224 × 224 pixels (with --quick,
a small network for 16 × 16) with random weights. It is exported twice: in float32, and with Keras' policy of
mixed precision. Rates are images a second of the whole program, after a first call that is not counted, in
which TensorFlow starts and XLA compiles. Apply is measured in parts: the host decodes all images, the device
computes as many, and `hub.tools.apply` does both. "Overlap" is the sum of the parts divided by the time of
apply: 1 if one part always waits for the other, and up to 2 if they never wait. Nothing is downloaded. On a
GPU of a data centre it takes a few minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

POLICIES = ("float32", "mixed_float16")


def export(policy: str, size: int, path: Path) -> str:
    """Writes a module that maps images to vectors."""
    import keras

    import tensorflow_hub as hub

    keras.config.set_dtype_policy(policy)
    try:
        if size < 100:
            layers = [keras.layers.Conv2D(4, 3, 2, activation="relu")]
            network = keras.Sequential([keras.Input((size, size, 3)), *layers])
        else:
            network = keras.applications.MobileNetV2(
                weights=None, include_top=False, input_shape=(size, size, 3)
            )
        pooled = keras.layers.GlobalAveragePooling2D()(network.outputs[0])
        vectors = keras.layers.Activation("linear", dtype="float32")(pooled)
        hub.export_keras_model(keras.Model(network.inputs, vectors), str(path))
    finally:
        keras.config.set_dtype_policy("float32")
    return str(path)


def images(count: int, size: int) -> np.ndarray:
    """float32 [count, size, size, 3], from 0 to 1."""
    return np.random.default_rng(0).random((count, size, size, 3), np.float32)


def seconds_to_first_result(module: str, size: int) -> float:
    import tensorflow_hub as hub

    some = images(1, size)
    started = time.perf_counter()
    np.asarray(hub.load(module)(some))
    return time.perf_counter() - started


def computing_rate(module: str, size: int, batch: int, steps: int, *, xla: bool) -> float:
    """Images a second through the module, with the vectors brought back to the host."""
    import tensorflow as tf

    import tensorflow_hub as hub

    loaded = hub.load(module)
    call = tf.function(loaded, jit_compile=xla)
    some = images(batch, size)
    call(some).numpy()
    started = time.perf_counter()
    for _ in range(steps):
        call(some).numpy()
    return steps * batch / (time.perf_counter() - started)


def training_rate(module: str, size: int, batch: int, steps: int, *, xla: bool) -> float:
    """Images a second of fine-tuning all weights with a head of ten classes, in a loop of one's own.

    `Model.fit` would not compile it: Keras leaves XLA out where a layer is a module.
    """
    import tensorflow as tf

    import tensorflow_hub as hub

    layer = hub.KerasLayer(module, trainable=True)
    some, labels = tf.constant(images(batch, size)), tf.constant(np.arange(batch) % 10)
    head = tf.Variable(tf.zeros([layer(some).shape[1], 10]))

    @tf.function(jit_compile=xla)
    def step(some: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            scores = tf.cast(layer(some, training=True), tf.float32) @ head
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
        weights = [head, *(weight.value for weight in layer.trainable_weights)]
        for weight, slope in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.01 * slope)
        return loss

    step(some, labels).numpy()
    started = time.perf_counter()
    for _ in range(steps):
        step(some, labels).numpy()
    return steps * batch / (time.perf_counter() - started)


def applying(module: str, size: int, count: int, batch: int, folder: Path) -> dict[str, float]:
    """Seconds that the host and the device take alone, and that apply takes for both."""
    from PIL import Image

    import tensorflow_hub as hub
    from tensorflow_hub.tools.images import Reader

    place = folder / "photos"
    place.mkdir()
    for number, image in enumerate(images(min(count, 200), size + 32)):
        Image.fromarray((255 * image).astype(np.uint8)).save(place / f"{number}.jpg")
    for number in range(200, count):
        (place / f"{number}.jpg").hardlink_to(place / f"{number % 200}.jpg")
    read = Reader((size, size))
    read(place / "0.jpg")
    started = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(read, sorted(place.iterdir())):
            pass
    host = time.perf_counter() - started
    device = count / computing_rate(module, size, batch, max(1, count // batch), xla=False)
    done = hub.tools.apply(module, place, folder / "vectors", batch_size=batch)
    return {"host": host, "device": device, "apply": done.seconds}


def rate(measure: Any, *arguments: Any, **options: Any) -> str:
    """A rate as text; or what went wrong, where XLA does not compile something."""
    try:
        return f"{measure(*arguments, **options):,.0f}"
    except Exception as error:  # whatever the compiler raises
        return f"no: {str(error).strip().splitlines()[0][:80]}"


def report(size: int, count: int, batch: int, steps: int) -> None:
    """Measures all and prints the tables."""
    with tempfile.TemporaryDirectory(prefix="tfhub-gpu-") as temporary:
        folder = Path(temporary)
        modules = {policy: export(policy, size, folder / policy) for policy in POLICIES}
        print("| Module | first result, s | images a second | with XLA | fine-tuning | with XLA |")
        print("|---|---:|---:|---:|---:|---:|")
        for policy, module in modules.items():
            cells = [f"{seconds_to_first_result(module, size):.3f}"]
            for measure in (computing_rate, training_rate):
                cells += [rate(measure, module, size, batch, steps, xla=xla) for xla in (False, True)]
            print(f"| {policy} | {' | '.join(cells)} |", flush=True)
        print(
            "\n| Images | host alone, s | device alone, s | apply, s | overlap |\n|---:|---:|---:|---:|---:|"
        )
        took = applying(modules["float32"], size, count, batch, folder)
        overlap = (took["host"] + took["device"]) / took["apply"]
        cells = [f"{took[part]:.3f}" for part in ("host", "device", "apply")]
        print(f"| {count:,} | {' | '.join(cells)} | {overlap:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--quick", action="store_true", help="a small network and few images")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if arguments.device == "gpu" and not found:
        print("Not measured: TensorFlow sees no GPU here.")
        return
    if found:
        details = tf.config.experimental.get_device_details(found[0])
        print(f"On {details.get('device_name', 'a GPU')}.\n")
    if arguments.quick:
        report(16, 16, 4, 2)
    else:
        report(224, arguments.images, arguments.batch, arguments.steps)


if __name__ == "__main__":
    main()
