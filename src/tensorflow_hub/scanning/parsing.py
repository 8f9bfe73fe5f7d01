"""Parsing programs with Python's own parser. Python 2 is rewritten, and other invalid lines are skipped."""

from __future__ import annotations

import ast
import dataclasses
import re
import warnings

_MOST_SKIPPED = 60  # lines of a program
_MOST_WORK = 12 << 20  # bytes that are parsed for one program, in all attempts

_LONGEST_LINE = 2000  # characters; longer ones are not rewritten

# Syntax of Python 2 → a replacement that Python 3 can parse. It has to keep only handles and calls.
_OF_PYTHON_2 = (
    (
        r"^(\s*(?:(?:if|else|elif|for|while|try|with)\b.*:\s*)?)print(?:\s*>>\s*[\w.]+\s*,)?(?=\s*[^\s(=.])",
        r"\1_ =",
    ),
    (r"^(\s*)print\s*>>\s*[\w.]+\s*$", r"\1pass"),
    (r"^(\s*except\b[^:]*?),\s*(\w+)\s*:", r"\1 as \2:"),
    (r"^(\s*raise) ([\w.]+)\s*,\s*(.+)$", r"\1 (\2, \3)"),
    (r"^(\s*)exec\s+(?![(=.])", r"\1_ = "),
    (r"\b[uU][rR](?=[\"'])", "r"),
    (r"<>", "!="),
    (r"`([^`]*)`", r"(\1)"),
)


@dataclasses.dataclass(frozen=True)
class Parsed:
    """A parsed program.

    Attributes:
      tree: the syntax tree; None if the program cannot be parsed.
      skipped: the numbers of the lines that were skipped.
      problem: the error of the parser for the unchanged program; "" if it is Python 3.
    """

    tree: ast.Module | None
    skipped: tuple[int, ...] = ()
    problem: str = ""


def parse_program(text: str) -> Parsed:
    r"""Parses a program. Simple syntax of Python 2 is rewritten, and other invalid lines are skipped.

    >>> parsed = parse_program("print 'a'\nx = 1\nprint x y z\n")
    >>> len(parsed.tree.body), parsed.skipped, parsed.problem.startswith("line 1: ")
    (3, (3,), True)
    """
    tree, error = _parse(text)
    if tree is not None or error is None:
        return Parsed(tree, (), "" if tree is not None else "it is nested too deeply")
    problem = f"line {error.lineno or 1}: {error.msg}"
    lines = _as_python_3(text)
    skipped: set[int] = set()
    work = len(text)
    while work < _MOST_WORK and len(skipped) <= _MOST_SKIPPED:
        tree, error = _parse("\n".join(lines))
        if tree is not None:
            return Parsed(tree, tuple(sorted(skipped)), problem)
        if error is None:
            break
        number = _line_to_skip(error, len(lines), skipped)
        if number is None:
            break
        skipped.add(number)
        lines[number - 1] = _harmless(lines[number - 1])
        work += len(text)
    return Parsed(None, (), problem)


def _parse(text: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """The syntax tree, or the syntax error; neither if the parser fails in another way."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about the programs that are scanned
            return ast.parse(text), None
    except SyntaxError as error:
        return None, error
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return None, None


def _line_to_skip(error: SyntaxError, count: int, skipped: set[int]) -> int | None:
    """The line to skip: the line of the error, or else the last line before it that is not skipped yet."""
    number = min(error.lineno or count, count)
    while number in skipped:
        number -= 1
    return number if number > 0 else None


def _harmless(line: str) -> str:
    """A statement to replace a skipped line. After a line with a colon it begins a block, as before."""
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}if 1:" if line.split("#", maxsplit=1)[0].rstrip().endswith(":") else f"{indent}pass"


def _as_python_3(text: str) -> list[str]:
    """The lines of a program of Python 2, rewritten."""
    return [_rewritten(line) for line in text.expandtabs(8).split("\n")]


def _rewritten(line: str) -> str:
    """A line of Python 2 as one of Python 3.

    >>> _rewritten("if x: print 'a', b"), _rewritten("except IOError, e:"), _rewritten("print >>log, x")
    ("if x: _ = 'a', b", 'except IOError as e:', '_ = x')
    """
    if len(line) <= _LONGEST_LINE:
        for pattern, replacement in _OF_PYTHON_2:
            line = re.sub(pattern, replacement, line)
    return line
