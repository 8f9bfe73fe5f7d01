"""Dividing the files of a module into segments.

A client does not download a segment again if it has the same bytes from another version. So the cuts between
segments decide what two versions can share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SEGMENT = 1 << 20  # bytes: small enough to share much, large enough that the index stays small


def cuts(size: int, boundaries: Iterable[int] = ()) -> Sequence[int]:
    """The starts of the segments of a file.

    Args:
      size: the size of the file in bytes.
      boundaries: the starts of parts of the file, such as the variables in a checkpoint, in ascending order.
        A large part gets its own segments. Then versions share it even if parts before it change their size.
        Small parts are joined.

    Returns:
      Offsets in ascending order, the first of them 0; empty for an empty file.

    >>> cuts(2_500_000)
    [0, 1048576, 2097152]
    >>> cuts(2_500_000, [0, 10, 300_000, 2_400_000])
    [0, 10, 300000, 1348576, 2397152, 2400000]
    """
    edges = [edge for edge in boundaries if 0 < edge < size]
    starts: list[int] = []
    begin = 0
    for edge, after in zip([0, *edges], [*edges, size], strict=True):
        # A part of at least a quarter of a segment gets its own segments; smaller ones are joined up to that.
        if edge and not (after - edge >= SEGMENT // 4 or edge - begin >= SEGMENT // 4):
            continue
        starts += range(begin, edge, SEGMENT)
        begin = edge
    starts += range(begin, size, SEGMENT)
    return starts
