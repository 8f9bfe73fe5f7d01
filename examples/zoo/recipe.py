"""What a recipe of the zoo is: packages in, a publishable module directory and its card out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Package:
    """A package of a registry whose contents a recipe reads.

    Attributes:
      kind: `"pypi"` or `"npm"`.
      name: its name there.
      version: the exact version.
      sha256: the digest of the downloaded file, in hex.
      licence: the SPDX identifier of what the recipe takes from it.
    """

    kind: str
    name: str
    version: str
    sha256: str
    licence: str


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one module of the zoo is made.

    Attributes:
      name: `publisher/model/version`, the name it is published under.
      description: one paragraph, the first of its card.
      metadata: the fields of the card (`task`, `format`, `license`, …); a field may have several values.
      packages: what it is made from, in the order `build` takes them.
      build: called with the downloaded files, by package name, and the directory to write.
      body: Markdown that explains the module, after the description and the fields.
      interface: the common SavedModel interface that the result meets, or None.
    """

    name: str
    description: str
    metadata: Mapping[str, str | tuple[str, ...]]
    packages: tuple[Package, ...]
    build: Callable[[Mapping[str, Path], Path], None]
    body: str
    interface: str | None = None


def card(recipe: Recipe) -> str:
    """The card of a recipe's module: description, fields, text, and where its weights come from."""
    fields = [
        f"<!-- {key}: {value} -->"
        for key, values in recipe.metadata.items()
        for value in ((values,) if isinstance(values, str) else values)
    ]
    sources = [f"| `{p.name}` {p.version} ({p.kind}) | {p.licence} | `{p.sha256}` |" for p in recipe.packages]
    parts = [f"# Module {recipe.name}", recipe.description, "\n".join(fields), recipe.body.strip()]
    if sources:
        parts.append(
            "## Where it comes from\n\nBuilt by a recipe of the zoo from these packages:\n\n"
            "| Package | Licence | SHA-256 |\n|---|---|---|\n" + "\n".join(sources)
        )
    return "\n\n".join(parts) + "\n"


def write_labels(labels: list[str], directory: Path) -> Path:
    """Writes one label a line, to become an asset of a classification module."""
    path = directory / "labels.txt"
    path.write_text("\n".join(labels) + "\n", encoding="utf-8")
    return path
