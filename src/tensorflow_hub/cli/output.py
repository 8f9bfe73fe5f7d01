"""The only printer of the command line: results to standard output, all else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def result(text: str) -> None:
    """Writes a line of the result to standard output."""
    print(text, flush=True)


def result_json(value: Any) -> None:
    """Writes the result as JSON to standard output, for scripts."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str), flush=True)


def table(rows: Iterable[Sequence[object]], header: Sequence[str]) -> None:
    """Writes rows as aligned columns under a header."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    sys.stdout.flush()


def note(text: str) -> None:
    """Writes what happens to standard error."""
    print(text, file=sys.stderr, flush=True)


def error(text: str) -> None:
    """Writes a problem to standard error."""
    print(f"{_paint('error:', '31')} {text}", file=sys.stderr, flush=True)


def hint(text: str) -> None:
    """Writes the next step to standard error."""
    print(f"  {_paint('→', '36')} {text}", file=sys.stderr, flush=True)


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if sys.stderr.isatty() else text
