"""Writes the tutorials' notebooks from their scripts; `--check` fails when one is not what its script says.

The scripts in `examples/tutorials/` are the source: `# %%` begins a cell, `# %% [markdown]` one of text.
The notebooks beside them hold no outputs, so that what is in the repository can be reviewed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat

TUTORIALS = Path(__file__).resolve().parents[1] / "examples" / "tutorials"


def notebook_text(script: Path) -> str:
    """The notebook of a script, the same text at every run."""
    notebook = jupytext.read(script)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    text: str = nbformat.writes(notebook, version=4)
    return text.rstrip("\n") + "\n"


def main() -> None:
    """Writes or checks every notebook."""
    for script in sorted(TUTORIALS.glob("[a-z]*.py")):
        target = script.with_suffix(".ipynb")
        text = notebook_text(script)
        if "--check" not in sys.argv:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{target.name} is not what {script.name} says: run `make notebooks`.")


if __name__ == "__main__":
    main()
