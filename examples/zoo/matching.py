"""Matches the local features of two photos, checks the matches with RANSAC and draws them."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image, ImageDraw

_ROUNDS, _CLOSE = 1000, 12.0  # tries of RANSAC, and pixels within which a match agrees


@dataclasses.dataclass(frozen=True)
class Matches:
    """Places (y, x) of the first photo and of the second, and which pairs agree with one affine map."""

    first: np.ndarray
    second: np.ndarray
    inliers: np.ndarray


def match(first: dict[str, np.ndarray], second: dict[str, np.ndarray], seed: int = 1) -> Matches:
    """Pairs the descriptors that are each other's nearest, and finds those that agree on an affine map.

    Fischler and Bolles, "Random Sample Consensus", 1981.
    """
    alike = first["descriptors"] @ second["descriptors"].T
    best, back = alike.argmax(1), alike.argmax(0)
    mutual = np.flatnonzero(back[best] == np.arange(len(best)))
    here, there = first["locations"][mutual], second["locations"][best[mutual]]
    random, inliers = np.random.default_rng(seed), np.zeros(len(here), bool)
    known = np.c_[here, np.ones(len(here))]
    for _ in range(_ROUNDS if len(here) >= 3 else 0):
        sample = random.choice(len(here), 3, replace=False)
        solution, _, rank, _ = np.linalg.lstsq(known[sample], there[sample], rcond=None)
        agree = np.linalg.norm(known @ solution - there, axis=1) < _CLOSE
        if rank == 3 and agree.sum() > inliers.sum():
            inliers = agree
    return Matches(here, there, inliers)


def draw(first: np.ndarray, second: np.ndarray, matches: Matches) -> Image.Image:
    """Both photos, float32 `[height, width, 3]` in [0, 1], side by side, with a line for each inlier."""
    height = max(first.shape[0], second.shape[0])
    canvas = Image.new("RGB", (first.shape[1] + second.shape[1], height))
    canvas.paste(Image.fromarray((first * 255).astype(np.uint8)), (0, 0))
    canvas.paste(Image.fromarray((second * 255).astype(np.uint8)), (first.shape[1], 0))
    pen = ImageDraw.Draw(canvas)
    for (y1, x1), (y2, x2) in zip(
        matches.first[matches.inliers], matches.second[matches.inliers], strict=True
    ):
        pen.line([(x1, y1), (x2 + first.shape[1], y2)], fill=(90, 220, 90), width=1)
    return canvas
