"""The index of a checkpoint, read without TensorFlow and held for hostile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.checkpoint import parse_checkpoint, read_checkpoint

MODULES = Path(__file__).parents[2] / "data" / "tf1_modules"
INDEX = (MODULES / "03_train_variants/module/variables/variables.index").read_bytes()


def test_tensors_are_listed_with_their_places():
    checkpoint = read_checkpoint(MODULES / "07_partitioned/module/variables/variables.index")
    assert checkpoint.shards == 2
    tensors = checkpoint.tensors()
    assert {name: (t.dtype, t.shape) for name, t in tensors.items()} == {
        "bias": ("float32", (2,)),
        "dense/w": ("float32", (7, 4)),
        "emb/table": ("float32", (50, 6)),
        "one_part": ("float32", (4, 2)),
    }
    assert checkpoint.boundaries(0) == [0, 8, 56, 88]
    assert checkpoint.boundaries(1) == [0, 312, 624, 912, 1200]


def test_something_that_is_not_an_index_is_refused():
    with pytest.raises(
        FormatError,
        match=r"the index of a checkpoint in variables.index, got 3 bytes without the magic number",
    ):
        parse_checkpoint(b"abc")


@settings(max_examples=300)
@given(st.integers(0, len(INDEX) - 9), st.binary(min_size=1, max_size=8))
def test_damage_is_refused_or_harmless(at, change):
    data = INDEX[:at] + change + INDEX[at + len(change) :]
    try:
        checkpoint = parse_checkpoint(data)
    except FormatError:
        return
    assert all(entry.size >= 0 and entry.offset >= 0 for entry in checkpoint.entries)
