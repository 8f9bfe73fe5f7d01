"""Reading the index of a checkpoint (`variables/variables.index`): names, dtypes, shapes, offsets of tensors.

The file is a sorted string table as in LevelDB (source: LevelDB's `table_format.md`): data blocks of entries
with shared key prefixes, an index block, and a footer of 48 bytes. A key is the name of a tensor, its value a
BundleEntry message (source: TensorFlow's `tensor_bundle.proto`). The value of the empty key is the header.
"""

from __future__ import annotations

import dataclasses
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.messages import parse
from tensorflow_hub.format.module.tensor_types import Shape, dtype_name, shape_of

_FOOTER = 48
_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_BLOCK_TRAILER = 5  # bytes: one for the compression, four for a CRC
_LARGEST_INDEX = 256 << 20
_LONGEST_KEY = 16 << 10
_MOST_ENTRIES = 2_000_000
_MOST_KEY_BYTES = 256 << 20  # keys share prefixes, so a small file can contain many long keys
_DATA_FILE = re.compile(r"(.*)\.data-(\d{5})-of-\d{5}")


@dataclasses.dataclass(frozen=True)
class CheckpointEntry:
    """A tensor in a checkpoint.

    Attributes:
      name: its key; empty for a slice of a partitioned variable, which has another entry for the whole.
      dtype: such as "float32".
      shape: the shape of the whole tensor.
      shard: the number of its data file.
      offset: its first byte in the data file.
      size: in bytes; 0 for a partitioned variable, whose slices have the data.
    """

    name: str
    dtype: str
    shape: Shape
    shard: int
    offset: int
    size: int


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The contents of the index of a checkpoint.

    Attributes:
      shards: the number of data files.
      entries: the tensors and slices.
    """

    shards: int
    entries: tuple[CheckpointEntry, ...]

    def tensors(self) -> dict[str, CheckpointEntry]:
        """The tensors by name, without the slices."""
        return {entry.name: entry for entry in self.entries if entry.name}

    def boundaries(self, shard: int) -> list[int]:
        """The offsets of the tensors in a data file, ascending."""
        return sorted({entry.offset for entry in self.entries if entry.shard == shard and entry.size})


def read_checkpoint(index: Path) -> Checkpoint:
    """Reads the index of a checkpoint.

    Args:
      index: the path, such as `module/variables/variables.index`.

    Raises:
      FormatError: the file is damaged, or is not an index of a checkpoint.
      OSError: the file cannot be read.
    """
    if index.stat().st_size > _LARGEST_INDEX:
        _refuse(index.name, f"{index.stat().st_size:,} bytes, more than {_LARGEST_INDEX:,}")
    return parse_checkpoint(index.read_bytes(), index.name)


def tensor_boundaries(module: Path, path: str) -> list[int]:
    """The offsets of tensors in a data file of a checkpoint; empty for other files.

    They are used to divide files into segments. Any offsets would do, so a damaged index is not an error.

    Args:
      module: the directory of the module.
      path: the path of the file in it, such as "variables/variables.data-00000-of-00001".
    """
    data_file = _DATA_FILE.fullmatch(path)
    if not data_file:
        return []
    index = module / f"{data_file[1]}.index"
    try:
        return read_checkpoint(index).boundaries(int(data_file[2]))
    except (OSError, FormatError):
        return []


def parse_checkpoint(data: bytes, what: str = "variables.index") -> Checkpoint:
    """Parses the index of a checkpoint, see `read_checkpoint`."""
    if len(data) < _FOOTER or data[-8:] != _MAGIC:
        _refuse(what, f"{len(data):,} bytes without the magic number at the end")
    table = _Table(data, what)
    shards = 1
    entries = []
    for key, value in table.items():
        if not key:
            shards = parse("BundleHeader", value, what).num_shards
            continue
        entry = parse("BundleEntry", value, f"{key[:80]!r} in {what}")
        is_slice = key.startswith(b"\0")
        entries.append(
            CheckpointEntry(
                "" if is_slice else key.decode("utf-8", "replace"),
                dtype_name(entry.dtype),
                shape_of(entry.shape),
                entry.shard_id,
                max(entry.offset, 0),
                0 if entry.slices else max(entry.size, 0),
            )
        )
    return Checkpoint(shards, tuple(entries))


class _Table:
    """A sorted string table in memory."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._what = what

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """The entries of all data blocks, in order."""
        footer = self._data[-_FOOTER:]
        at = 0
        for _ in range(2):  # the handle of the meta-index block, which is not needed
            _, at = self._varint(footer, at)
        position, at = self._varint(footer, at)
        length, _ = self._varint(footer, at)
        count = keys = end = 0
        for _, handle in self._block(position, length):
            start, at = self._varint(handle, 0)
            length, _ = self._varint(handle, at)
            if start < end:
                _refuse(self._what, "data blocks that overlap")
            end = start + length
            for item in self._block(start, length):
                count, keys = count + 1, keys + len(item[0])
                if count > _MOST_ENTRIES or keys > _MOST_KEY_BYTES:
                    _refuse(self._what, f"{count:,} entries with {keys:,} bytes of names")
                yield item

    def _block(self, start: int, length: int) -> Iterator[tuple[bytes, bytes]]:
        if start + length + _BLOCK_TRAILER > len(self._data) or length < 4:
            _refuse(self._what, "a block beyond its end")
        if self._data[start + length]:
            _refuse(self._what, "a compressed block, which TensorFlow does not write")
        block = self._data[start : start + length]
        restarts = int.from_bytes(block[-4:], "little")
        end = length - 4 - 4 * restarts
        if end < 0:
            _refuse(self._what, "a block with more restarts than bytes")
        at, key = 0, b""
        while at < end:
            shared, at = self._varint(block, at)
            own, at = self._varint(block, at)
            size, at = self._varint(block, at)
            if shared > len(key) or at + own + size > end or shared + own > _LONGEST_KEY:
                _refuse(self._what, "an entry beyond its block")
            key = key[:shared] + block[at : at + own]
            at += own + size
            yield key, block[at - size : at]

    def _varint(self, data: bytes, at: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 64, 7):
            if at >= len(data):
                break
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
        raise _error(self._what, "an unterminated number")


def _refuse(what: str, got: str) -> NoReturn:
    raise _error(what, got)


def _error(what: str, got: str) -> FormatError:
    return FormatError(
        f"Expected the index of a checkpoint in {what}, got {got}.",
        hint="The file is damaged or of another format. Export or download the module again.",
    )
