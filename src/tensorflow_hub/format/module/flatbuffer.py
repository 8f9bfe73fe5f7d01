"""A reader of FlatBuffers for TFLite files. Every offset is checked against the size of the file.

A table is a place in the file; before its fields it points back to a vtable that says where each field lies
(https://flatbuffers.dev/internals). Offsets are counted from where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from tensorflow_hub.errors import FormatError

_MOST_ITEMS = 1_000_000
# Of one file: items of lists, and bytes of texts. Places may be pointed at many times, so that a small
# file can say that it has a million lists of a million items each.
_MOST_WORK = 32 << 20


class _File:
    """The bytes of a file, and how many may still be read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._left = _MOST_WORK

    def number(self, at: int, size: int, *, signed: bool = False) -> int:
        if at < 0 or at + size > len(self.data):
            raise damaged("a place beyond its end")
        return int.from_bytes(self.data[at : at + size], "little", signed=signed)

    def spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise damaged("lists or texts that are used again and again")


class Table:
    """A table in a FlatBuffer. Fields are read by number; missing fields have a default."""

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

    def _place(self, field: int) -> int | None:
        offset = self._int(self._vtable + 4 + 2 * field, 2) if field < self._fields else 0
        return self._at + offset if offset else None

    def integer(self, field: int, size: int, default: int = 0) -> int:
        """A signed number of `size` bytes."""
        place = self._place(field)
        return default if place is None else self._int(place, size, signed=True)

    def text(self, field: int) -> str:
        """A string."""
        place = self._place(field)
        if place is None:
            return ""
        at = place + self._int(place, 4)
        length = self._int(at, 4)
        data = self._file.data
        if at + 4 + length > len(data) or length > _MOST_ITEMS:
            raise damaged("a string beyond its end")
        self._file.spend(length)
        return data[at + 4 : at + 4 + length].decode("utf-8", "replace")

    def integers(self, field: int) -> list[int] | None:
        """A list of 32-bit numbers; None if it is missing."""
        if self._place(field) is None:
            return None
        return [self._int(at, 4, signed=True) for at in self._items(field)]

    def table(self, field: int) -> Table | None:
        """A table."""
        place = self._place(field)
        return None if place is None else Table(self._file, place + self._int(place, 4))

    def tables(self, field: int) -> list[Table]:
        """A list of tables."""
        return [Table(self._file, at + self._int(at, 4)) for at in self._items(field)]

    def _items(self, field: int) -> Iterator[int]:
        place = self._place(field)
        if place is None:
            return iter(())
        at = place + self._int(place, 4)
        count = self._int(at, 4)
        if count > _MOST_ITEMS or at + 4 + 4 * count > len(self._file.data):
            raise damaged("a list beyond its end")
        self._file.spend(16 * count)  # an item costs more than a byte of a text
        return iter(range(at + 4, at + 4 + 4 * count, 4))


def damaged(what: str) -> FormatError:
    """The error for a file that is damaged or no TFLite file."""
    return FormatError(
        f"Expected a TFLite file, got one with {what}.",
        hint="The file is damaged or something else: convert or download it again.",
    )
