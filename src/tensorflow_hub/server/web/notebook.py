"""Makes a Jupyter notebook (format 4.5) with the example code for a version."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tensorflow_hub.format.kinds.kind import Snippet

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+.!<>|~&-])")


def notebook(title: str, about: str, url: str, setup: str, programs: Sequence[Snippet]) -> str | None:
    """Returns the notebook as JSON; None if there is no example in Python.

    Args:
      title: the handle.
      about: the description of the version, as plain text.
      url: the URL of its page.
      setup: how to install the library, as Markdown.
      programs: the example code.
    """
    in_python = [program for program in programs if program.language == "python"]
    if not in_python:
        return None
    words = [f"# {title}", _MARKDOWN.sub(r"\\\1", about), f"Documentation: <{url}>"]
    cells = [_cell("markdown", "\n\n".join(filter(None, words))), _cell("markdown", setup)]
    for program in in_python:
        cells += [_cell("markdown", f"## {program.title}"), _cell("code", program.code)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    content = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
