"""Pages of the documentation site that are made from other files of the repository.

README, CONTRIBUTING, SECURITY and CHANGELOG are in the root of the repository, and the tutorials are the
scripts in examples/tutorials/. The site shows them without a second copy.
"""

from __future__ import annotations

import ast
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "readme.md": "README.md",
    "tutorials/index.md": "examples/tutorials/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}

# The public names of the library by task.
SECTIONS = {
    "Use modules": ("load", "KerasLayer", "endpoint_names", "with_endpoints"),
    "Find and publish them": ("search", "publish", "resolve", "check_interface"),
    "Make them": ("save", "export_keras_model", "export_keras_application"),
}


def on_config(config: Any) -> Any:
    """Puts pages that are not in the navigation below "More"."""
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
            notebook = script.with_suffix(".ipynb").read_bytes()
            files.append(File.generated(config, f"tutorials/{script.stem}.ipynb", content=notebook))
    files.append(File.generated(config, "source_map.md", content=_source_map()))
    for page, text in _reference().items():
        files.append(File.generated(config, f"reference/{page}.md", content=text))
    return files


def on_page_markdown(text: str, page: Any, **_: Any) -> str:
    """Leads links to documents in the root of the repository to their pages."""
    here = posixpath.dirname(page.file.src_uri)

    def on_site(link: re.Match[str]) -> str:
        source = posixpath.normpath(posixpath.join("docs", here, link[1]))
        found = [name for name, path in PAGES.items() if path == source]
        return f"]({posixpath.relpath(found[0], here or '.')}" if found else link[0]

    return re.sub(r"\]\((\.\./[\w./]+\.md)", on_site, text)


def _reference() -> dict[str, str]:
    """The pages of the Python API, from the tables of public names and the docstrings."""
    import tensorflow_hub
    from tensorflow_hub import tools

    library = {name: f"tensorflow_hub.{module}" for name, module in tensorflow_hub._EXPORTS.items()}
    library["KerasLayer"] = (
        "tensorflow_hub.keras_layer.keras3"  # chosen at first use; both have one interface
    )
    own = {name: f"tensorflow_hub.tools.{module}" for name, module in tools._EXPORTS.items()}
    library.pop("HubError")  # on the page of errors
    pages = {
        "library": _library_page(library),
        "tools": "\n\n".join(
            [
                "# The tools",
                "`hub.tools`: the commands of the tools as Python functions.",
                *(f"::: {own[name]}.{name}" for name in sorted(own)),
            ]
        ),
    }
    pages["errors"] = (
        "# Errors\n\n::: tensorflow_hub.errors\n"
        "    options:\n      show_root_heading: false\n      show_bases: true\n"
    )
    return pages


def _library_page(library: dict[str, str]) -> str:
    """The page of the library: the sections, and last the names of the TF1 Hub format."""
    placed = {name for names in SECTIONS.values() for name in names}
    rest = sorted(set(library) - placed)
    parts = ["# The library", "The public names of `import tensorflow_hub as hub`."]
    for title, names in {**SECTIONS, "The TF1 Hub format": rest}.items():
        parts.append(f"## {title}")
        parts += [f"::: {library[name]}.{name}\n    options:\n      heading_level: 3" for name in names]
    return "\n\n".join(parts)


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
    """A root document, with links relative to docs/."""
    text = path.read_text(encoding="utf-8")
    for page, source in PAGES.items():
        text = text.replace(f"]({source})", f"]({page})")
    text = re.sub(r"\]\(docs/", "](", text)
    # Folders and files that are not part of the site are named, not linked.
    return re.sub(r"\[([^\]]+)\]\((?:LICENSE|examples|benchmarks|tests|src)[^)]*\)", r"\1", text)


def _tutorial(script: Path) -> str:
    """The notebook of a script as a page: its text, its code, and the output."""
    import nbformat

    parts = []
    for cell in nbformat.read(script.with_suffix(".ipynb"), as_version=4).cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            printed = "".join(output.text for output in cell.outputs)
            parts.append(f"```python\n{cell.source}\n```")
            parts += [f"```{{.text .printed}}\n{printed.rstrip()}\n```"] if printed else []
    where = script.relative_to(ROOT)
    note = (
        f"*This page is the script `{where}`, and a [notebook]({script.stem}.ipynb). "
        "[Before you begin](index.md).*"
    )
    title, _, rest = "\n\n".join(parts).strip().partition("\n")
    return f"{title}\n\n{note}\n{rest}\n"
