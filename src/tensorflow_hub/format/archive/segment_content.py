"""Inflating a segment of an archive and checking its digest."""

from __future__ import annotations

import hashlib

from tensorflow_hub.errors import DigestError
from tensorflow_hub.format.archive import inflate
from tensorflow_hub.format.archive.index import Segment


def inflate_segment(segment: Segment, data: bytes | memoryview) -> tuple[memoryview, ...]:
    """Inflates a segment and checks its digest.

    Args:
      segment: the segment in the index.
      data: the bytes of the archive from `offset`, `length` of them.

    Returns:
      `size` bytes of the file from `start`, in one or more pieces.

    Raises:
      DigestError: the data is not what the index describes.
    """
    try:
        if len(data) != segment.length:
            raise ValueError
        pieces = _stored_pieces(data) if segment.method == "stored" else _inflated(data, segment.size)
    except (inflate.LIBRARY.error, ValueError):
        raise _mismatch(segment) from None
    sha256 = hashlib.sha256()
    for piece in pieces:
        sha256.update(piece)
    if sha256.hexdigest() != segment.sha256 or sum(map(len, pieces)) != segment.size:
        raise _mismatch(segment)
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


def _mismatch(segment: Segment) -> DigestError:
    return DigestError(
        f"Expected bytes {segment.offset:,} to {segment.offset + segment.length:,} of the archive with the "
        f"digest of {segment.path!r} from byte {segment.start:,} in the index, got other data.",
        hint="Download again. If that fails too, the hub or a proxy changes the data: tell its operator.",
    )
