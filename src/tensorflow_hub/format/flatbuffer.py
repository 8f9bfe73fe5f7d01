"""A reader of FlatBuffers, as far as TFLite files need it; every step checked against the end of the file.

A table is a place in the file; before its fields it points back to a vtable that says where each field lies
(https://flatbuffers.dev/internals). Offsets are counted from where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from tensorflow_hub.errors import FormatError

_MOST_ITEMS = 1_000_000


class Table:
    """A table in a FlatBuffer; fields by their number, absent ones as their default."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        vtable = at - self._int(at, 4, signed=True)
        size = self._int(vtable, 2)
        self._fields = [self._int(vtable + 4 + 2 * i, 2) for i in range(max(0, size - 4) // 2)]

    @classmethod
    def root(cls, data: bytes) -> Table:
        """The root table of a file."""
        return cls(data, _int(data, 0, 4))

    def _int(self, at: int, size: int, *, signed: bool = False) -> int:
        return _int(self._data, at, size, signed=signed)

    def _place(self, field: int) -> int | None:
        offset = self._fields[field] if field < len(self._fields) else 0
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
        if at + 4 + length > len(self._data) or length > _MOST_ITEMS:
            raise damaged("a string beyond its end")
        return self._data[at + 4 : at + 4 + length].decode("utf-8", "replace")

    def integers(self, field: int) -> list[int] | None:
        """A list of 32-bit numbers; None when it is absent."""
        if self._place(field) is None:
            return None
        return [self._int(at, 4, signed=True) for at in self._items(field)]

    def table(self, field: int) -> Table | None:
        """A table."""
        place = self._place(field)
        return None if place is None else Table(self._data, place + self._int(place, 4))

    def tables(self, field: int) -> list[Table]:
        """A list of tables."""
        return [Table(self._data, at + self._int(at, 4)) for at in self._items(field)]

    def _items(self, field: int) -> Iterator[int]:
        place = self._place(field)
        if place is None:
            return iter(())
        at = place + self._int(place, 4)
        count = self._int(at, 4)
        if count > _MOST_ITEMS or at + 4 + 4 * count > len(self._data):
            raise damaged("a list beyond its end")
        return iter(range(at + 4, at + 4 + 4 * count, 4))


def _int(data: bytes, at: int, size: int, *, signed: bool = False) -> int:
    if at < 0 or at + size > len(data):
        raise damaged("a place beyond its end")
    return int.from_bytes(data[at : at + size], "little", signed=signed)


def damaged(what: str) -> FormatError:
    """The error for a file that is damaged or something else."""
    return FormatError(
        f"Expected a TFLite file, got one with {what}.",
        hint="The file is damaged or something else: convert or download it again.",
    )
