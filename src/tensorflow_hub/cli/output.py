"""Printing for all verbs: results to standard output, all other messages to standard error."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tensorflow_hub.network.foreign_text import ACTING

_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def take_any_text() -> None:
    """Escapes characters that standard output cannot encode, which would raise an error otherwise.

    So it is with a path in Japanese where a script on Windows reads what is printed.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def result(text: str) -> None:
    """Writes a line of the result to standard output."""
    print(_harmless(text), flush=True)


def result_json(value: Any) -> None:
    """Writes the result as JSON to standard output, for scripts."""
    print(_harmless(json.dumps(value, indent=2, ensure_ascii=False, default=str)), flush=True)


def table(rows: Iterable[Sequence[object]], header: Sequence[str]) -> None:
    """Writes rows as aligned columns under a header; without rows only a message to standard error."""
    lines = [[_harmless(str(cell)).replace("\n", "\\n") for cell in row] for row in rows]
    if not lines:
        note("There is nothing to list.")
        return
    lines.insert(0, list(header))
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    sys.stdout.flush()


def size(count: int) -> str:
    """A number of bytes as text.

    >>> size(999), size(13_013), size(35_400_000), size(1_000_000_000)
    ('999 bytes', '13.0 kB', '35.4 MB', '1.0 GB')
    """
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    unit, factor = next((u, f) for u, f in _UNITS if count >= 0.99995 * f)
    return f"{count / factor:,.1f} {unit}"


def counted(count: int, thing: str) -> str:
    """A count with a noun, such as "2 modules".

    >>> counted(1, "module"), counted(1200, "module")
    ('1 module', '1,200 modules')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def note(text: str) -> None:
    """Writes a message to standard error."""
    print(_harmless(text), file=sys.stderr, flush=True)


def error(text: str) -> None:
    """Writes an error message to standard error."""
    print(f"{_paint('error:', '31')} {_harmless(text)}", file=sys.stderr, flush=True)


def hint(text: str) -> None:
    """Writes a hint to standard error."""
    print(f"  {_paint('→', '36')} {_harmless(text)}", file=sys.stderr, flush=True)


def _harmless(text: str) -> str:
    r"""Escapes the control characters of a text as in JSON.

    >>> print(_harmless("name\x1b]0;title\x07"))
    name\u001b]0;title\u0007
    """
    return ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if sys.stderr.isatty() else text
