"""Reading the Python cells of Jupyter notebooks.

Source of the format: https://nbformat.readthedocs.io/en/latest/format_description.html, and before version 4
the cells in `worksheets`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

# Cell magics that are followed by Python code.
_PYTHON = frozenset(
    {"time", "timeit", "capture", "prun", "python", "python3", "py", "pypy", "memit", "mprun"}
)
_WRITES = frozenset({"writefile", "file"})
_LINE = re.compile(r"(\s*)(?:[%!?]|(?:[\w.]+\s*=\s*)(?=[%!]))")
_HELP = re.compile(r"\s*[\w.]+\?{1,2}\s*$")


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell with code.

    Attributes:
      number: its number among all cells, from 1.
      text: its source.
      python: the same lines, with `pass` in place of lines for Jupyter; "" if the cell is in another
        language.
    """

    number: int
    text: str
    python: str


def cells_of(text: str) -> tuple[Cell, ...]:
    """The cells of a notebook that have code in them.

    Raises:
      ValueError: it is not a notebook, or one in another language; the message says which.
    """
    try:
        notebook = json.loads(text)
    except RecursionError:
        raise ValueError("Expected a notebook, got JSON that is nested too deeply.") from None
    except ValueError as error:
        raise ValueError(f"Expected a notebook in JSON: {error}.") from None
    if not isinstance(notebook, dict):
        raise ValueError("Expected a notebook, got JSON of another kind.")
    language = _language(notebook)
    if language and "python" not in language.lower():
        raise ValueError(f"Expected a notebook in Python, got one in {language!r:.40}.")
    return tuple(
        Cell(number, source, _python_of(source))
        for number, cell in enumerate(_all_cells(notebook), 1)
        if (source := _source(cell)) is not None
    )


def _all_cells(notebook: dict[str, Any]) -> list[Any]:
    sheets = notebook.get("worksheets")
    holders = [notebook, *(sheets if isinstance(sheets, list) else [])]
    cells = [holder.get("cells") for holder in holders if isinstance(holder, dict)]
    found = [cell for group in cells if isinstance(group, list) for cell in group]
    if not found and not any(isinstance(group, list) for group in cells):
        raise ValueError("Expected a notebook, got JSON without cells.")
    return found


def _source(cell: Any) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source.replace("\0", "") if isinstance(source, str) else None


def _language(notebook: dict[str, Any]) -> str:
    value: Any = notebook.get("metadata")
    for keys in (("kernelspec", "language"), ("language_info", "name")):
        found = value
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, str):
            return found
    return ""


def _python_of(source: str) -> str:
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        magic, *words = lines[first][2:].split() or [""]
        if magic not in _PYTHON and not (magic in _WRITES and any(word.endswith(".py") for word in words)):
            return ""
        lines[first] = ""
    return "\n".join(_without_magic(line) for line in lines)


def _without_magic(line: str) -> str:
    """Replaces a line for Jupyter (a magic or a command) by `pass`; other lines are returned unchanged.

    >>> _without_magic("  !pip install tensorflow-hub"), _without_magic("files = !ls")
    ('  pass', 'pass')
    >>> _without_magic("x % 3"), _without_magic("hub.load?")
    ('x % 3', 'pass')
    """
    found = _LINE.match(line)
    if found:
        return f"{found[1]}pass"
    return "pass" if _HELP.match(line) else line
