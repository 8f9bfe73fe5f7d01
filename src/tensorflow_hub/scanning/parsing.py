"""Text → syntax tree, by Python's own parser. Lines that it refuses, such as Python 2, are skipped."""

from __future__ import annotations

import ast
import dataclasses
import re
import warnings

_MOST_PASSED_OVER = 60  # lines of a program
_MOST_WORK = 12 << 20  # bytes that are parsed for one program, with all repeats

_LONGEST_LINE = 2000  # characters; longer ones are not rewritten

# Syntax of Python 2, and what replaces it so that Python 3 can parse it; only handles and calls must survive.
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
    """A program as a tree.

    Attributes:
      tree: None when nothing of it can be read.
      passed_over: numbers of the lines that were left out.
      problem: what the parser said of the program as it is; "" when it is Python 3.
    """

    tree: ast.Module | None
    passed_over: tuple[int, ...] = ()
    problem: str = ""


def parse_program(text: str) -> Parsed:
    r"""Parses a program; Python 2 is rewritten where that is simple; other lines are skipped.

    >>> parsed = parse_program("print 'a'\nx = 1\nprint x y z\n")
    >>> len(parsed.tree.body), parsed.passed_over, parsed.problem.startswith("line 1: ")
    (3, (3,), True)
    """
    tree, error = _parse(text)
    if tree is not None or error is None:
        return Parsed(tree, (), "" if tree is not None else "it is nested too deeply")
    problem = f"line {error.lineno or 1}: {error.msg}"
    lines = _as_python_3(text)
    passed_over: set[int] = set()
    work = len(text)
    while work < _MOST_WORK and len(passed_over) <= _MOST_PASSED_OVER:
        tree, error = _parse("\n".join(lines))
        if tree is not None:
            return Parsed(tree, tuple(sorted(passed_over)), problem)
        if error is None:
            break
        number = _to_pass_over(error, len(lines), passed_over)
        if number is None:
            break
        passed_over.add(number)
        lines[number - 1] = _harmless(lines[number - 1])
        work += len(text)
    return Parsed(None, (), problem)


def _parse(text: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """The tree, or what is wrong; neither when the parser gives up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the programs that are read: not ours
            return ast.parse(text), None
    except SyntaxError as error:
        return None, error
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return None, None


def _to_pass_over(error: SyntaxError, count: int, passed_over: set[int]) -> int | None:
    """The line to leave out: that of the error, else the nearest one before it that is not left out yet."""
    number = min(error.lineno or count, count)
    while number in passed_over:
        number -= 1
    return number if number > 0 else None


def _harmless(line: str) -> str:
    """A statement that can replace a line; after a line with a colon, the lines below are still a block."""
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
