"""Archives read the same whichever library inflates."""

from __future__ import annotations

import gzip
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive import inflate
from tensorflow_hub.format.archive.gzip_stream import unpacked_chunks
from tensorflow_hub.format.archive.limits import ArchiveLimits

CONTENT = b"a line of text\n" * 300 + random.Random(0).randbytes(3000) + bytes(50_000)
LIMITS = ArchiveLimits()


def unpacked(data: bytes, library: inflate.InflateLibrary) -> bytes | None:
    """The content of a stream, or None where it is refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inflate, "LIBRARY", library)
        try:
            return b"".join(unpacked_chunks(io.BytesIO(data), LIMITS))
        except ArchiveError:
            return None


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_stream_is_refused_by_both_or_by_none(data):
    packed = bytearray(gzip.compress(CONTENT, mtime=0))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(10, len(packed) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(packed) // 2, len(packed) + 100))
    damaged = bytes(packed[:end])
    assert unpacked(damaged, inflate.LIBRARY) == unpacked(damaged, inflate.ZLIB)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])
@pytest.mark.parametrize("wrap", [gzip.compress, lambda data: gzip.compress(data, 0)])
def test_streams_that_end_at_the_edge_of_a_chunk_are_whole(size, wrap):
    """ISA-L holds bytes back at the limit of a call; they must not be taken for a truncated stream."""
    content = random.Random(size).randbytes(size // 3) + bytes(size - size // 3)
    assert unpacked(wrap(content), inflate.LIBRARY) == content
    assert unpacked(wrap(content) + wrap(content), inflate.LIBRARY) == content * 2


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 500])
def test_a_truncated_stream_is_refused(cut):
    packed = gzip.compress(CONTENT)
    assert unpacked(packed[:-cut], inflate.LIBRARY) is None
    assert unpacked(packed[:-cut], inflate.ZLIB) is None


@pytest.mark.parametrize("at", [-8, -7, -4, -1])
def test_the_checksum_and_the_length_are_compared(at):
    packed = bytearray(gzip.compress(CONTENT))
    packed[at] ^= 1
    assert unpacked(bytes(packed), inflate.LIBRARY) is None
