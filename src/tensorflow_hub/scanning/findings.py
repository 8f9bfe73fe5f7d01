"""The result of a scan: places, handles, calls, what to change in them, and what could not be read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, order=True)
class Spot:
    """A line of a program, or of a cell of a notebook.

    Attributes:
      file: below the scanned folder, with `/`.
      cell: counted from 1 over all cells of the notebook; 0 in a program.
      line: counted from 1, in the cell where there is one.
    """

    file: str
    cell: int
    line: int

    def __str__(self) -> str:
        return f"{self.file}, cell {self.cell}, line {self.line}" if self.cell else f"{self.file}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Change:
    """What works differently than before.

    Attributes:
      topic: a short name for scripts.
      problem: what is different on the TensorFlow that is installed.
      step: what to write in its place.
    """

    topic: str
    problem: str
    step: str


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of the library.

    Attributes:
      name: as it is called in this documentation: `hub.KerasLayer`.
      spot: where.
      handles: those that it may be given; empty where that cannot be known from the text, and for calls that
        take none.
      expression: what stands where the handle is given, as it is written; "" for calls that take none.
      changes: what to change.
    """

    name: str
    spot: Spot
    handles: tuple[str, ...] = ()
    expression: str = ""
    changes: tuple[Change, ...] = ()


@dataclasses.dataclass(frozen=True)
class Unread:
    """A file, a cell of a notebook or lines of it that could not be read.

    Attributes:
      file: below the scanned folder.
      cell: of a notebook, 0 for the whole file.
      reason: why, in a sentence.
    """

    file: str
    cell: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Scan:
    """All that a scan found.

    Attributes:
      programs: how many programs and notebooks were read.
      handles: handle → where it is written or given.
      calls: of the library, in the order of the files.
      unread: what could not be read.
    """

    programs: int
    handles: Mapping[str, tuple[Spot, ...]]
    calls: tuple[Call, ...]
    unread: tuple[Unread, ...]
