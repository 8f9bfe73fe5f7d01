"""The result of a scan: handles, calls, the changes that they need, and files that could not be read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, order=True)
class Spot:
    """A line of a program, or of a cell of a notebook.

    Attributes:
      file: the path relative to the scanned folder, with `/`.
      cell: the number of the cell among all cells of the notebook, from 1; 0 in a program.
      line: the number of the line, from 1, in the cell if there is one.
    """

    file: str
    cell: int
    line: int

    def __str__(self) -> str:
        return f"{self.file}, cell {self.cell}, line {self.line}" if self.cell else f"{self.file}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Change:
    """A difference to tensorflow-hub 0.x that affects a call.

    Attributes:
      topic: a short name for scripts.
      problem: a sentence about the difference, for the installed TensorFlow.
      step: a sentence about what to write instead.
    """

    topic: str
    problem: str
    step: str


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of the library.

    Attributes:
      name: the name of the function, as in `hub.KerasLayer`.
      spot: the place of the call.
      handles: the possible handles; empty if they cannot be found in the text, and for calls without a
        handle.
      expression: the source of the expression for the handle; "" for calls without a handle.
      changes: the changes that it needs.
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
      file: the path relative to the scanned folder.
      cell: the number of the cell of a notebook; 0 for the whole file.
      reason: a sentence that says why.
    """

    file: str
    cell: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Scan:
    """The result of a scan.

    Attributes:
      programs: the number of programs and notebooks that were read.
      handles: handle → the places where it is written or passed.
      calls: the calls of the library, in the order of the files.
      unread: what could not be read.
    """

    programs: int
    handles: Mapping[str, tuple[Spot, ...]]
    calls: tuple[Call, ...]
    unread: tuple[Unread, ...]
