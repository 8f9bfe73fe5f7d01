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
      task: what it is for, as in the field of that name of a card.
      license: under which its weights may be used, as in the card.
      packages: what it is made from, in the order `build` takes them.
      build: called with the downloaded files, by package name, and the directory to write.
      body: Markdown that explains the module, after the description and the fields.
      interface: the common SavedModel interface that the result meets, or None.
      format: `"saved_model_2"`, `"saved_model"` or `"hub"`.
      fine_tunable: whether its weights can be trained further.
      fields: further fields of the card (`language`, `dataset`, …).
      minutes: how long `build` takes on two cores, for the time left that `build.py` shows.
    """

    name: str
    description: str
    task: str
    license: str
    packages: tuple[Package, ...]
    build: Callable[[Mapping[str, Path], Path], None]
    body: str
    interface: str | None = None
    format: str = "saved_model_2"
    fine_tunable: bool = True
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    minutes: float = 0.15


def card(recipe: Recipe) -> str:
    """The card of a recipe's module: description, fields, text, and where its weights come from."""
    fields = {
        "task": recipe.task,
        **recipe.fields,
        "format": recipe.format,
        "fine-tunable": str(recipe.fine_tunable).lower(),
        "license": recipe.license,
    }
    comments = [f"<!-- {key}: {value} -->" for key, value in fields.items()]
    sources = [f"| `{p.name}` {p.version} ({p.kind}) | {p.licence} | `{p.sha256}` |" for p in recipe.packages]
    overview = f"## Overview\n\n{recipe.body.strip()}"
    parts = [f"# Module {recipe.name}", recipe.description, "\n".join(comments), overview]
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
