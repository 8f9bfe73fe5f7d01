"""Pages of the documentation site that are made from other files of the repository.

README, CONTRIBUTING, SECURITY and CHANGELOG stay where people look for them on a code host; the tutorials
are the scripts in examples/tutorials/. The site shows all of them without keeping a second copy.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that have no file under docs/."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=_moved(ROOT / source)))
    for script in sorted((ROOT / "examples" / "tutorials").glob("*.py")):
        if not script.name.startswith("_"):
            files.append(File.generated(config, f"tutorials/{script.stem}.md", content=_tutorial(script)))
    files.append(File.generated(config, "source_map.md", content=_source_map()))
    return files


def _source_map() -> str:
    """The first line of every source file, by folder."""
    package = ROOT / "src" / "tensorflow_hub"
    lines = [
        "# Map of the source",
        "",
        "The first line of every file of the package, below `src/tensorflow_hub/`.",
    ]
    folder = None
    for path in sorted(package.rglob("*.py"), key=lambda path: (path.parent, path.name)):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.parent != folder:
            folder = path.parent
            lines += ["", f"## {folder.relative_to(package.parent)}/", ""]
        if said and "migrations/versions" not in str(path):
            lines.append(f"- `{path.name}`: {said.splitlines()[0]}")
    return "\n".join(lines) + "\n"


def _moved(path: Path) -> str:
    """A root document with its links written as they are seen from docs/."""
    text = path.read_text(encoding="utf-8")
    for page, source in PAGES.items():
        text = text.replace(f"]({source})", f"]({page})")
    text = re.sub(r"\]\(docs/", "](", text)
    # Folders and files that are not part of the site are named, not linked.
    return re.sub(r"\[([^\]]+)\]\((?:LICENSE|examples|benchmarks|tests|src)[^)]*\)", r"\1", text)


def _tutorial(script: Path) -> str:
    import jupytext

    notebook = jupytext.read(script)
    notebook.metadata.pop("jupytext", None)
    text = jupytext.writes(notebook, fmt="md")
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    where = script.relative_to(ROOT)
    note = f"*This page is the script `{where}`; beside it lies the same as a notebook.*\n"
    title, _, rest = text.strip().partition("\n")
    return f"{title}\n\n{note}{rest}\n"
