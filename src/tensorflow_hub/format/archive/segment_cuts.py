"""Dividing the files of a module into segments.

Cuts decide what two versions share: a segment whose bytes did not change is not downloaded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SEGMENT = 1 << 20  # bytes: small enough to share much, large enough that the index stays small


def cuts(size: int, boundaries: Iterable[int] = ()) -> Sequence[int]:
    """The starts of the segments of a file of `size` bytes.

    Args:
      size: bytes.
      boundaries: where parts of the file begin, such as the variables in a checkpoint, ascending. A large
        part has segments of its own, so that it is shared between versions even when the parts
        before it changed their size; small neighbours are joined.

    Returns:
      Ascending offsets, the first of them 0; none when the file is empty.

    >>> cuts(2_500_000)
    [0, 1048576, 2097152]
    >>> cuts(2_500_000, [0, 10, 300_000, 2_400_000])
    [0, 10, 300000, 1348576, 2397152, 2400000]
    """
    edges = [edge for edge in boundaries if 0 < edge < size]
    starts: list[int] = []
    begin = 0
    for edge, after in zip([0, *edges], [*edges, size], strict=True):
        # A part of a quarter of a segment or more stands alone; smaller ones gather until there is one.
        if edge and not (after - edge >= SEGMENT // 4 or edge - begin >= SEGMENT // 4):
            continue
        starts += range(begin, edge, SEGMENT)
        begin = edge
    starts += range(begin, size, SEGMENT)
    return starts
