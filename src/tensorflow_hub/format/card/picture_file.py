"""Reading picture files: format, size, and the file without metadata.

Metadata such as the place and author of a photo, comments and thumbnails is removed: only the parts of the
file that are needed to show the picture are copied. Pixels are not decoded.

Sources: PNG (W3C), JPEG (ITU-T T.81), GIF89a (CompuServe), WebP Container Specification (Google).
"""

from __future__ import annotations

import dataclasses
import re
import struct
import zlib
from collections.abc import Iterator

from tensorflow_hub.errors import FormatError

LARGEST_FILE = 512 << 10  # bytes
# A browser needs four bytes of memory for each pixel, so the size of the file is not the only limit.
LARGEST_SIDE, MOST_PIXELS = 8_192, 16_000_000
MOST_FRAMES = 200

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"}
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Tables, frames and scans, and below the segment of Adobe's programs that tells the colour space.
_JPEG_KEPT = {*_JPEG_FRAMES, 0xC4, 0xDA, 0xDB, 0xDD}
_ADOBE = b"\xff\xee\x00\x0eAdobe"
_JPEG_SCAN_END = re.compile(rb"\xff+[^\xff\x00\xd0-\xd7]", re.DOTALL)
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}


@dataclasses.dataclass(frozen=True)
class Picture:
    """A checked picture.

    Attributes:
      data: the content of the file without metadata.
      media_type: for example `"image/png"`.
      width: in pixels.
      height: in pixels.
    """

    data: bytes
    media_type: str
    width: int
    height: int


def read_picture(data: bytes) -> Picture:
    """Reads a picture file. The format is recognized by the content, not by the name.

    Args:
      data: the content of the file.

    Raises:
      FormatError: it is not a PNG, JPEG, GIF or WebP file, or it is damaged or too large.
    """
    if len(data) > LARGEST_FILE:
        raise _refused(f"one of {len(data)} bytes", f"Make it smaller, at most {LARGEST_FILE} bytes.")
    try:
        picture = _read(data)
    except FormatError:
        raise
    except (struct.error, IndexError, ValueError) as error:
        raise _refused("a damaged or truncated file", "Save it again.") from error
    if max(picture.width, picture.height) > LARGEST_SIDE or picture.width * picture.height > MOST_PIXELS:
        size = f"{picture.width} by {picture.height} pixels"
        raise _refused(f"one of {size}", f"Make it smaller, at most {MOST_PIXELS} pixels.")
    return picture


def _read(data: bytes) -> Picture:
    if data.startswith(_PNG):
        return _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return _gif(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    raise _refused("a file of another kind", "Save it as PNG.")


def _png(data: bytes) -> Picture:
    kept, names, at = [_PNG], list[bytes](), len(_PNG)
    while not names or names[-1] != b"IEND":
        length, name = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        if struct.unpack_from(">I", chunk, 8 + length)[0] != zlib.crc32(chunk[4 : 8 + length]):
            raise ValueError
        if name in _PNG_KEPT:
            kept.append(chunk)
            names.append(name)
        at += 12 + length
    if names[0] != b"IHDR" or b"IDAT" not in names or names.count(b"IHDR") != 1:
        raise ValueError
    width, height = struct.unpack_from(">II", kept[1], 8)
    return _picture(b"".join(kept), "image/png", width, height)


def _jpeg(data: bytes) -> Picture:
    kept, size, at = [data[:2]], None, 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        mark = data[at + 1]
        if data[at] != 0xFF:
            raise ValueError
        if mark == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if mark in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = width, height
        if mark == 0xDA:  # the data of the scan follows, up to the next mark
            found = _JPEG_SCAN_END.search(data, end)
            end = found.end() - 2 if found else len(data)
        if mark in _JPEG_KEPT or data[at:end].startswith(_ADOBE):
            kept.append(data[at:end])
        at = end
    if size is None:
        raise ValueError
    return _picture(b"".join([*kept, b"\xff\xd9"]), "image/jpeg", *size)


def _gif(data: bytes) -> Picture:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _gif_table(flags)
    kept, frames, pixels = [data[:at]], 0, 0
    while data[at] != 0x3B:
        start = at
        is_image = data[at] == 0x2C
        if is_image:
            _, _, columns, rows, flags = struct.unpack_from("<HHHHB", data, at + 1)
            frames, pixels = frames + 1, pixels + columns * rows
            at = _gif_blocks_end(data, at + 11 + _gif_table(flags))
        elif data[at] == 0x21:
            at = _gif_blocks_end(data, at + 2)
        else:
            raise ValueError
        # Two extensions are kept: the duration of a frame, and the number of repetitions.
        if is_image or data[start + 1] == 0xF9 or data[start + 3 : start + 14] == b"NETSCAPE2.0":
            kept.append(data[start:at])
    if not frames or frames > MOST_FRAMES or pixels > 4 * MOST_PIXELS:
        raise ValueError
    return _picture(b"".join([*kept, b";"]), "image/gif", width, height)


def _gif_table(flags: int) -> int:
    """The size of the colour table in bytes, from the flags before it."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks_end(data: bytes, at: int) -> int:
    """The position after a sequence of sub-blocks, each of which begins with its length."""
    while length := data[at]:
        at += 1 + length
    return at + 1


def _webp(data: bytes) -> Picture:
    chunks = dict(_webp_chunks(data))
    if b"ANIM" in chunks:
        raise _refused("an animation in WebP", "Save it as GIF.")
    kept = {name: chunk for name, chunk in chunks.items() if name in _WEBP_KEPT}
    if b"VP8X" in kept:
        head = kept[b"VP8X"]
        width, height = (int.from_bytes(head[start : start + 3], "little") + 1 for start in (12, 15))
        # Of the flags only the one for transparency is kept, not those for profile, metadata and animation.
        kept[b"VP8X"] = head[:8] + bytes([head[8] & 0x10]) + head[9:]
    elif b"VP8L" in kept:
        bits = int.from_bytes(kept[b"VP8L"][9:13], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", kept.get(b"VP8 ", b""), 14))
    if not {b"VP8 ", b"VP8L"} & kept.keys():
        raise ValueError
    body = b"WEBP" + b"".join(kept.values())
    return _picture(b"RIFF" + struct.pack("<I", len(body)) + body, "image/webp", width, height)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise ValueError
    while at < end:
        name, length = struct.unpack_from("<4sI", data, at)
        after = at + 8 + length + length % 2
        if after > end:
            raise ValueError
        yield name, data[at:after]
        at = after


def _picture(data: bytes, media_type: str, width: int, height: int) -> Picture:
    if not width or not height:
        raise ValueError
    return Picture(data, media_type, width, height)


def _refused(got: str, hint: str) -> FormatError:
    return FormatError(f"Expected a picture in PNG, JPEG, GIF or WebP, got {got}.", hint=hint)
