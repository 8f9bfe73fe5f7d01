"""Examples of docstrings as highlighted code, whichever way they are written."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^Example::?\n((?:[ ]+.*\n|\n)+)", flags=re.MULTILINE)


class Examples(griffe.Extension):
    """Turns `Example:` and the indented lines below it into a heading and a block of Python."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(_as_code, obj.docstring.value + "\n").rstrip()


def _as_code(found: re.Match[str]) -> str:
    code = re.sub(r"^```.*\n?", "", textwrap.dedent(found[1]).strip("\n"), flags=re.MULTILINE).rstrip()
    language = "pycon" if code.startswith(">>>") else "python"
    return f"**Example:**\n\n```{language}\n{code}\n```\n\n"
