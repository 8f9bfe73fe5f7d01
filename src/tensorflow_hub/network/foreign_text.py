"""Making texts of strangers safe to print."""

from __future__ import annotations

import re

# Control characters of terminals (not tabs and line breaks), and those that change the writing direction.
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    r"""The text with a space for each control character of terminals.

    >>> inert("two\nlines\x1b[31m")
    'two\nlines [31m'
    """
    return ACTING.sub(" ", text)


def one_line(text: str, most: int) -> str:
    r"""The text in one line without control characters, cut to `most` characters.

    >>> one_line(" two\nlines\x1b ", 100), one_line("too long", 4)
    ('two lines', 'too…')
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
