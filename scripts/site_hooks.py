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


def on_config(config: Any) -> Any:
    """Puts pages that nobody gave a place in the navigation below "More", so that none is lost."""
    placed = set(re.findall(r"[\w/]+\.md", repr(config.nav)))
    docs = Path(config.docs_dir)
    lost = [
        page for path in sorted(docs.rglob("*.md")) if (page := str(path.relative_to(docs))) not in placed
    ]
    if lost:
        config.nav.append({"More": lost})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that have no file under docs/."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=_moved(ROOT / source)))
    for script in sorted((ROOT / "examples" / "tutorials").glob("*.py")):
        if not script.name.startswith("_"):
            files.append(File.generated(config, f"tutorials/{script.stem}.md", content=_tutorial(script)))
    files.append(File.generated(config, "source_map.md", content=_source_map()))
    for page, text in _reference().items():
        files.append(File.generated(config, f"reference/{page}.md", content=text))
    return files


def _reference() -> dict[str, str]:
    """The pages of the Python interface, from the tables of public names and the docstrings."""
    import tensorflow_hub
    from tensorflow_hub import tools

    library = {name: f"tensorflow_hub.{module}" for name, module in tensorflow_hub._EXPORTS.items()}
    library["KerasLayer"] = (
        "tensorflow_hub.keras_layer.keras3"  # chosen at first use; both have one interface
    )
    own = {name: f"tensorflow_hub.tools.{module}" for name, module in tools._EXPORTS.items()}
    groups = {
        "library": ("The library", "`import tensorflow_hub as hub`: what `hub.` has.", library),
        "tools": ("The tools", "`hub.tools`: what the tools' commands do, from Python.", own),
    }
    pages = {
        page: "\n\n".join(
            [
                f"# {title}",
                text,
                *(f"::: {module}.{name}" for name, module in sorted(names.items()) if name != "HubError"),
            ]
        )
        for page, (title, text, names) in groups.items()
    }
    pages["errors"] = "# Errors\n\n::: tensorflow_hub.errors\n    options:\n      show_root_heading: false\n"
    return pages


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
    text = re.sub(r"^```python .*$", "```python", text, flags=re.MULTILINE)  # tags of cells
    where = script.relative_to(ROOT)
    note = f"*This page is the script `{where}`; beside it lies the same as a notebook.*\n"
    title, _, rest = text.strip().partition("\n")
    return f"{title}\n\n{note}{rest}\n"
