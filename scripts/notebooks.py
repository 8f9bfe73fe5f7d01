"""Writes the tutorials' notebooks from their scripts.

    python scripts/notebooks.py                  # what a cell printed is kept while nothing above it changed
    python scripts/notebooks.py --run [NAME …]   # also runs them, all or some, and keeps what they print
    python scripts/notebooks.py --check          # fails when one is not what its script says

The scripts in `examples/tutorials/` are the source: `# %%` begins a cell, `# %% [markdown]` one of text.
`--run` takes the current folder for their data; see examples/tutorials/README.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import linecache
import os
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "examples" / "tutorials"


def notebook(script: Path) -> Any:
    """The notebook of a script, with what its cells printed last as far as that still holds."""
    made = jupytext.read(script)
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    target = script.with_suffix(".ipynb")
    if target.exists():
        code, kept = ([c for c in n.cells if c.cell_type == "code"] for n in (made, read(target)))
        for cell, before in zip(code, kept, strict=False):
            if cell.source != before.source:
                break
            cell.outputs = before.outputs
    return made


def read(path: Path) -> Any:
    """A notebook from its file."""
    return nbformat.read(path, as_version=4)


def notebook_text(script: Path) -> str:
    """The notebook of a script, the same text at every run."""
    text: str = nbformat.writes(notebook(script), version=4)
    return text.rstrip("\n") + "\n"


def run(script: Path) -> None:
    """Runs the cells one after the other in this process and keeps what they print in the notebook."""
    made = notebook(script)
    variables: dict[str, Any] = {"__name__": "__main__"}
    for cell in made.cells:
        if cell.cell_type == "code":
            printed = io.StringIO()
            name = f"<{script.stem} {cell['id']}>"
            # AutoGraph reads the source of functions, which lies in no file here.
            linecache.cache[name] = (len(cell.source), None, cell.source.splitlines(True), name)
            with contextlib.redirect_stdout(printed):
                exec(compile(cell.source, name, "exec"), variables)  # noqa: S102
            text = printed.getvalue()
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
    nbformat.write(made, script.with_suffix(".ipynb"))


def main() -> None:
    """Writes, runs or checks notebooks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="tutorials to run; default all")
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    for script in sorted(TUTORIALS.glob("[a-z]*.py")):
        target = script.with_suffix(".ipynb")
        if options.run and (not options.names or script.stem in options.names):
            print(script.stem, file=sys.stderr)
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            run(script)
        text = notebook_text(script)
        if not options.check:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{target.name} is not what {script.name} says: run `make notebooks`.")


if __name__ == "__main__":
    main()
