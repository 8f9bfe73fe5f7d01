"""Scanning a folder of programs for handles and calls of the library."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator, Sequence

from tensorflow_hub.scanning.bindings import Bindings
from tensorflow_hub.scanning.calls import FoundCall, calls_of, mentions_of
from tensorflow_hub.scanning.differences import ProgramContext, changes_for, other_changes
from tensorflow_hub.scanning.findings import Call, Change, Scan, Spot, Unread
from tensorflow_hub.scanning.handle_texts import handles_in, is_handle
from tensorflow_hub.scanning.installed import Installed
from tensorflow_hub.scanning.names import ROOT, Names
from tensorflow_hub.scanning.notebooks import Cell, cells_of
from tensorflow_hub.scanning.parsing import parse_program
from tensorflow_hub.scanning.programs import Program, programs_of
from tensorflow_hub.scanning.values import Values

_MOST_LINES = 8  # the most line numbers in a sentence


@dataclasses.dataclass(frozen=True)
class _Source:
    """A parsed program or notebook.

    Attributes:
      program: its text.
      cells: the cells of a notebook; for a program one cell with the number 0.
      bindings: the bindings of its names.
      cell_of: syntax node → the number of its cell.
    """

    program: Program
    cells: tuple[Cell, ...]
    bindings: Bindings
    cell_of: dict[ast.AST, int]

    def spot(self, node: ast.AST) -> Spot:
        return Spot(self.program.file, self.cell_of.get(node, 0), getattr(node, "lineno", 1))


def scan(place: str, installed: Installed | None = None) -> Scan:
    """Reads the programs and notebooks of a folder, and lists the handles and calls of the library in them.

    Nothing is run or imported. Notebook magics and lines that are not Python 3 are skipped, and reported.

    Args:
      place: a folder, or one program or notebook.
      installed: the versions to check the calls for; None means those in this environment.

    Returns:
      The handles and calls, in the order of the files.
    """
    installed = installed or Installed.here()
    unread: list[Unread] = []
    sources = []
    for program in programs_of(place):
        if isinstance(program, Unread):
            unread.append(program)
            continue
        try:
            sources.append(_read(program, unread))
        except ValueError as problem:  # of a notebook
            unread.append(Unread(program.file, 0, str(problem)))
    others = {_module_name(source.program.file): source.bindings for source in sources}
    calls = [
        call for source in sources for call in _calls(source, Values(source.bindings, others), installed)
    ]
    handles: dict[str, dict[Spot, None]] = {}
    for source in sources:
        for handle, spot in _written(source):
            handles.setdefault(handle, {})[spot] = None
    for call in calls:
        for handle in call.handles:
            handles.setdefault(handle, {})[call.spot] = None
    return Scan(
        len(sources),
        {handle: tuple(sorted(spots)) for handle, spots in sorted(handles.items())},
        tuple(calls),
        tuple(unread),
    )


def _read(program: Program, unread: list[Unread]) -> _Source:
    """Parses a program. Parts that cannot be parsed are added to `unread`."""
    whole = Cell(0, program.text, program.text)
    cells = cells_of(program.text) if program.is_notebook else (whole,)
    trees, cell_of = [], {}
    for cell in cells:
        if not cell.python.strip():
            continue
        parsed = parse_program(cell.python)
        if parsed.tree is None:
            reason = f"It is not Python ({parsed.problem}). Its text was searched for handles."
            unread.append(Unread(program.file, cell.number, reason))
            continue
        if parsed.skipped:
            reason = f"It is not Python 3 ({parsed.problem}). {_lines(parsed.skipped)} skipped."
            unread.append(Unread(program.file, cell.number, reason))
        elif parsed.problem:
            unread.append(
                Unread(program.file, cell.number, f"It is Python 2 ({parsed.problem}). It was read.")
            )
        trees.append(parsed.tree)
        cell_of.update(dict.fromkeys(ast.walk(parsed.tree), cell.number))
    return _Source(program, cells, Bindings(trees), cell_of)


def _lines(numbers: Sequence[int]) -> str:
    """The subject and verb of a sentence about lines.

    >>> _lines([3]), _lines([3, 5])
    ('Line 3 was', 'Lines 3, 5 were')
    """
    shown = ", ".join(map(str, numbers[:_MOST_LINES])) + (", …" if len(numbers) > _MOST_LINES else "")
    return f"Line {shown} was" if len(numbers) == 1 else f"Lines {shown} were"


def _calls(source: _Source, values: Values, installed: Installed) -> Iterator[Call]:
    nodes = source.bindings.nodes
    names = Names(nodes)
    if not names.packages & {ROOT, "kagglehub"} and not _mentions_library(source):
        return
    found = list(calls_of(source.bindings, names, values))
    context = ProgramContext.of(nodes, names, found)
    calls = [_call(source, item, changes_for(item, context, installed)) for item in found]
    for item in mentions_of(source.bindings, names):
        changes = changes_for(item, context, installed)
        if changes:
            calls.append(_call(source, item, changes))
    for node, name, change in other_changes(nodes, names, context):
        calls.append(Call(name, source.spot(node), changes=(change,)))
    yield from sorted(calls, key=lambda call: call.spot)


def _mentions_library(source: _Source) -> bool:
    return any(ROOT in cell.python for cell in source.cells)


def _call(source: _Source, found: FoundCall, changes: Sequence[Change]) -> Call:
    name = found.meaning.replace(f"{ROOT}.", "hub.", 1)
    handles = tuple(handle for handle in found.handles if is_handle(handle))
    return Call(name, source.spot(found.node), handles, found.expression, tuple(changes))


def _written(source: _Source) -> Iterator[tuple[str, Spot]]:
    """The handles anywhere in the text: in constants, comments, magics and code in other languages."""
    for cell in source.cells:
        for number, line in enumerate(cell.text.split("\n"), 1):
            for handle in handles_in(line):
                yield handle, Spot(source.program.file, cell.number, number)


def _module_name(file: str) -> str:
    folder, _, name = file.removesuffix(".py").rpartition("/")
    return folder.rpartition("/")[2] if name == "__init__" else name
