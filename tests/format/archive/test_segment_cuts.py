"""Cuts, and what two versions share because of them."""

from __future__ import annotations

import bisect
import itertools
import zlib

from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive import crc32
from tensorflow_hub.format.archive.segment_cuts import SEGMENT, cuts
from tensorflow_hub.format.archive.tar_header import file_header, parse_header, parse_pax
from tensorflow_hub.format.module import checkpoint


@given(st.integers(1, 20 << 20), st.lists(st.integers(-5, 21 << 20), max_size=30).map(sorted))
def test_cuts_are_ascending_and_bounded(size, boundaries):
    starts = [*cuts(size, boundaries), size]
    assert starts[0] == 0
    assert all(0 < after - start <= SEGMENT * 1.25 for start, after in itertools.pairwise(starts))


def test_an_empty_file_has_no_segment():
    assert cuts(0) == []


def test_a_grown_variable_leaves_the_cuts_of_the_others():
    sizes = [400, 5_000_000, 300, 300, 3_000_000, 700_000, 10, 2_000_000]

    def segments(sizes):
        """Each segment as the tensor it begins in, the offset in that, and its size."""
        ends = list(itertools.accumulate(sizes))
        begins = [0, *ends[:-1]]
        edges = [*cuts(ends[-1], begins), ends[-1]]
        tensors = [bisect.bisect_right(ends, start) for start in edges[:-1]]
        return {
            (tensor, start - begins[tensor], after - start)
            for tensor, (start, after) in zip(tensors, itertools.pairwise(edges), strict=True)
        }

    before = segments(sizes)
    after = segments([*sizes[:4], 3_100_000, *sizes[5:]])
    assert sum(size for _, _, size in after - before) <= 3_100_000 + SEGMENT


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_sums_combine(first, second):
    combined = crc32.combine(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120), st.integers(0, 1 << 40)
)
def test_headers_round_trip(path, size):
    blocks = file_header(path, size)
    header = parse_header(blocks[-512:])
    if len(blocks) == 512:
        assert (header.name, header.size, header.kind) == (path.encode(), size, b"0")
    else:
        records = parse_pax(blocks[512 : 512 + parse_header(blocks[:512]).size])
        assert records["path"] == path.encode()
        assert int(records.get("size", header.size)) == size


@given(st.binary(min_size=512, max_size=512))
def test_any_block_is_a_header_or_refused(block):
    try:
        parse_header(block)
    except ArchiveError as error:
        assert "in a tar header" in error.problem or "a tar header with" in error.problem  # noqa: PT017


def test_cuts_follow_the_checkpoint(tmp_path):
    from pathlib import Path

    module = Path(__file__).parents[2] / "data/tf1_modules/07_partitioned/module"
    found = checkpoint.tensor_boundaries(module, "variables/variables.data-00001-of-00002")
    assert found == [0, 312, 624, 912, 1200]
    assert checkpoint.tensor_boundaries(module, "assets/tokens.txt") == []
    assert checkpoint.tensor_boundaries(tmp_path, "variables/variables.data-00000-of-00001") == []
