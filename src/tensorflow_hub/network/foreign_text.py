"""Texts that anybody may have written, made harmless to print."""

from __future__ import annotations

import re

# Characters that a terminal acts on, or that turn the direction of writing; tabs and line breaks are none.
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    r"""The text with a space for each character that a terminal would act on.

    >>> inert("two\nlines\x1b[31m")
    'two\nlines [31m'
    """
    return ACTING.sub(" ", text)


def one_line(text: str, most: int) -> str:
    r"""The text without line breaks and without what a terminal acts on, cut to `most` characters.

    >>> one_line(" two\nlines\x1b ", 100), one_line("too long", 4)
    ('two lines', 'too…')
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
