"""Writing and reading tar headers: blocks of 512 bytes, in the pax format of POSIX.1-2001."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.format.archive.member_names import refuse

BLOCK = 512
END = bytes(2 * BLOCK)  # two blocks of zeros end an archive
_USTAR_NAME = 100
_USTAR_SIZE = 8 << 30
_FILE_MODE, _DIRECTORY_MODE = b"0000644\0", b"0000755\0"
_NOBODY = b"0000000\0"
_TIME = b"00000000000\0"  # 1970-01-01, so that the archive depends on the content only


def padding(size: int) -> int:
    """The number of zeros after a file of `size` bytes, up to the next block.

    >>> padding(513), padding(512)
    (511, 0)
    """
    return -size % BLOCK


def file_header(path: str, size: int) -> bytes:
    """The header blocks of a file: one, or three with pax records for long or non-ASCII names and 8 GiB.

    >>> len(file_header("saved_model.pb", 10))
    512
    """
    return _named(path, size, b"0")


def directory_header(path: str) -> bytes:
    """The header blocks of a directory.

    Older versions of this library create a directory only if the archive has an entry for it.

    >>> len(directory_header("variables"))
    512
    """
    return _named(path + "/", 0, b"5")


def _named(path: str, size: int, kind: bytes) -> bytes:
    name = path.encode()
    if len(name) <= _USTAR_NAME and path.isascii() and size < _USTAR_SIZE:
        return _header(name, size, kind)
    records = _pax_record(b"path", name)
    if size >= _USTAR_SIZE:
        records += _pax_record(b"size", b"%d" % size)
    short = name[:_USTAR_NAME].decode("ascii", "replace").encode("ascii", "replace")[:_USTAR_NAME]
    extended = _header(b"PaxHeaders/file", len(records), b"x") + records + bytes(padding(len(records)))
    return extended + _header(short, size if size < _USTAR_SIZE else 0, kind)


def _pax_record(key: bytes, value: bytes) -> bytes:
    """A pax record `length key=value newline`. The length includes its own digits."""
    rest = b" %s=%s\n" % (key, value)
    length = len(rest)
    while len(b"%d%s" % (length, rest)) != length:
        length = len(b"%d%s" % (length, rest))
    return b"%d%s" % (length, rest)


def _header(name: bytes, size: int, kind: bytes) -> bytes:
    mode = _DIRECTORY_MODE if kind == b"5" else _FILE_MODE
    before = name.ljust(100, b"\0") + mode + _NOBODY + _NOBODY + b"%011o\0" % size + _TIME
    after = kind + bytes(100) + b"ustar\00000" + bytes(64) + _NOBODY + _NOBODY + bytes(155 + 12)
    checksum = sum(before) + 8 * ord(" ") + sum(after)
    return before + b"%06o\0 " % checksum + after


@dataclasses.dataclass(frozen=True)
class TarHeader:
    """The contents of a header block.

    Attributes:
      name: the raw name.
      size: in bytes.
      kind: the type flag, such as b"0" for a file.
    """

    name: bytes
    size: int
    kind: bytes


def parse_header(block: bytes) -> TarHeader:
    """Reads one header block.

    Raises:
      ArchiveError: the checksum is wrong, or a number field has other characters.
    """
    expected = _number(block[148:156], "checksum")
    if expected != sum(block[:148]) + 8 * ord(" ") + sum(block[156:]):
        raise refuse(
            "Expected a tar header with a correct checksum, got a wrong one: the archive is damaged."
        )
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0" and block[345] != 0:
        name = block[345:500].split(b"\0", 1)[0] + b"/" + name
    return TarHeader(name, _number(block[124:136], "size"), block[156:157])


def _number(field: bytes, what: str) -> int:
    if field[0] & 0x80:  # GNU: two's complement in base 256, for files of 8 GiB and more
        if field[0] & 0x40:
            raise refuse(f"Expected a {what} of zero or more in a tar header, got a negative one.")
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip()
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise refuse(f"Expected a {what} in octal digits in a tar header, got {bytes(field)!r}.")
    return int(digits, 8)


def parse_pax(data: bytes) -> dict[str, bytes]:
    r"""Reads the records of a pax header, which have the form `length key=value newline`.

    Raises:
      ArchiveError: a record has another form.

    >>> parse_pax(b"13 path=a.pb\n")
    {'path': b'a.pb'}
    """
    records: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 10)
        digits = data[at:space] if space >= 0 else b""
        end = at + int(digits) if digits.isdigit() else 0
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not space < end <= len(data) or data[end - 1 : end] != b"\n" or not equals:
            raise refuse(
                f"Expected pax records of the form 'length key=value', got {bytes(data[at : at + 40])!r}."
            )
        records[key.decode("utf-8", "replace")] = value
        at = end
    return records
