"""A reader of FlatBuffers for TFLite files. Every offset is checked against the size of the file.

A table begins with the offset of its vtable, which has the offsets of its fields. Offsets are relative to
their own position. Source: https://flatbuffers.dev/internals.
"""

from __future__ import annotations

from collections.abc import Iterator

from tensorflow_hub.errors import FormatError

_MOST_ITEMS = 1_000_000
# The most items of lists and bytes of strings that are read from one file. Several offsets may lead to the
# same list, so a small file can have a million lists of a million items each.
_MOST_WORK = 32 << 20


class _File:
    """The bytes of a file, and the amount of work that is still allowed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._left = _MOST_WORK

    def number(self, at: int, size: int, *, signed: bool = False) -> int:
        if at < 0 or at + size > len(self.data):
            raise damaged("an offset beyond its end")
        return int.from_bytes(self.data[at : at + size], "little", signed=signed)

    def spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise damaged("lists or strings that are used too often")


class Table:
    """A table in a FlatBuffer. Fields are read by number in the schema; missing fields have a default."""

    def __init__(self, file: _File, at: int) -> None:
        self._file = file
        self._at = at
        self._vtable = at - file.number(at, 4, signed=True)
        self._fields = max(0, file.number(self._vtable, 2) - 4) // 2

    @classmethod
    def root(cls, data: bytes) -> Table:
        """The root table of a file."""
        file = _File(data)
        return cls(file, file.number(0, 4))

    def _int(self, at: int, size: int, *, signed: bool = False) -> int:
        return self._file.number(at, size, signed=signed)

    def _position(self, field: int) -> int | None:
        """The position of a field in the file; None if the field is missing."""
        offset = self._int(self._vtable + 4 + 2 * field, 2) if field < self._fields else 0
        return self._at + offset if offset else None

    def integer(self, field: int, size: int, default: int = 0) -> int:
        """The value of a signed integer field of `size` bytes."""
        position = self._position(field)
        return default if position is None else self._int(position, size, signed=True)

    def text(self, field: int) -> str:
        """The value of a string field; "" if it is missing."""
        position = self._position(field)
        if position is None:
            return ""
        at = position + self._int(position, 4)
        length = self._int(at, 4)
        data = self._file.data
        if at + 4 + length > len(data) or length > _MOST_ITEMS:
            raise damaged("a string beyond its end")
        self._file.spend(length)
        return data[at + 4 : at + 4 + length].decode("utf-8", "replace")

    def integers(self, field: int) -> list[int] | None:
        """The value of a field with 32-bit integers; None if it is missing."""
        if self._position(field) is None:
            return None
        return [self._int(at, 4, signed=True) for at in self._items(field)]

    def table(self, field: int) -> Table | None:
        """The value of a field with a table; None if it is missing."""
        position = self._position(field)
        return None if position is None else Table(self._file, position + self._int(position, 4))

    def tables(self, field: int) -> list[Table]:
        """The value of a field with a list of tables; empty if it is missing."""
        return [Table(self._file, at + self._int(at, 4)) for at in self._items(field)]

    def _items(self, field: int) -> Iterator[int]:
        position = self._position(field)
        if position is None:
            return iter(())
        at = position + self._int(position, 4)
        count = self._int(at, 4)
        if count > _MOST_ITEMS or at + 4 + 4 * count > len(self._file.data):
            raise damaged("a list beyond its end")
        self._file.spend(16 * count)  # reading an item takes more time than a byte of a string
        return iter(range(at + 4, at + 4 + 4 * count, 4))


def damaged(what: str) -> FormatError:
    """The error for a file that is damaged or not a TFLite file."""
    return FormatError(
        f"Expected a TFLite file, got one with {what}.",
        hint="The file is damaged or of another format. Convert or download it again.",
    )
