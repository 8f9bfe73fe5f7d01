"""The content of a segment of an archive, inflated and checked."""

from __future__ import annotations

import hashlib

from tensorflow_hub.errors import DigestError
from tensorflow_hub.format.archive import inflate
from tensorflow_hub.format.archive.index import Segment


def inflate_segment(segment: Segment, data: bytes | memoryview) -> tuple[memoryview, ...]:
    """The bytes of a file in a segment, checked against the digest.

    Args:
      segment: as the index says.
      data: its `length` bytes of the archive.

    Returns:
      `size` bytes in one or more pieces, to be written one after the other at `start`.

    Raises:
      DigestError: the bytes are not those that the index promises.
    """
    try:
        if len(data) != segment.length:
            raise ValueError
        pieces = _stored_pieces(data) if segment.method == "stored" else _inflated(data, segment.size)
    except (inflate.LIBRARY.error, ValueError):
        raise _wrong(segment) from None
    sha256 = hashlib.sha256()
    for piece in pieces:
        sha256.update(piece)
    if sha256.hexdigest() != segment.sha256 or sum(map(len, pieces)) != segment.size:
        raise _wrong(segment)
    return pieces


def _inflated(data: bytes | memoryview, size: int) -> tuple[memoryview, ...]:
    inflater = inflate.LIBRARY.inflater(inflate.RAW_DEFLATE)
    content = inflater.decompress(data, size + 1)
    if inflater.eof or inflater.unconsumed_tail:
        raise ValueError
    return (memoryview(content),)


def _stored_pieces(data: bytes | memoryview) -> tuple[memoryview, ...]:
    """The content of deflate's stored blocks, without copying it."""
    view = memoryview(data)
    pieces = []
    at = 0
    while at < len(view):
        header = view[at : at + 5]
        length = int.from_bytes(header[1:3], "little")
        piece = view[at + 5 : at + 5 + length]
        if header[0] != 0 or int.from_bytes(header[3:5], "little") != length ^ 0xFFFF or len(piece) != length:
            raise ValueError
        pieces.append(piece)
        at += 5 + length
    return tuple(pieces)


def _wrong(segment: Segment) -> DigestError:
    return DigestError(
        f"Expected bytes {segment.offset:,} to {segment.offset + segment.length:,} of the archive to hold "
        f"{segment.path!r} from byte {segment.start:,} as its index promises, got others.",
        hint="Fetch them again; when that fails too, the hub or a proxy before it damages what it sends.",
    )
