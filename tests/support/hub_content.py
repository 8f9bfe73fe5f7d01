"""Modules and cards to publish, for tests."""

from __future__ import annotations

import shutil
from pathlib import Path

MODULES = Path(__file__).parents[1] / "data" / "tf1_modules"
MORE_MODULES = MODULES.parent / "tf1_modules_more"


def module(number: str = "01_linear_scalar") -> Path:
    """A small module in TF1 Hub format."""
    folder = MODULES if (MODULES / number).is_dir() else MORE_MODULES
    return folder / number / "module"


def module_with(folder: Path, extra: bytes, number: str = "01_linear_scalar") -> Path:
    """A copy of a module with an asset of its own, so that its content differs."""
    shutil.copytree(module(number), folder)
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "extra.bin").write_bytes(extra)
    return folder


def card(handle: str, kind: str = "Module", *fields: str) -> str:
    """A valid card."""
    lines = "\n".join(f"<!-- {field} -->" for field in ("task: text-embedding", *fields))
    if kind not in {"Module", "Placeholder"}:
        lines = "\n".join(f"<!-- {field} -->" for field in fields)
    return f"# {kind} {handle}\nA line through the origin.\n\n{lines}\n\n## Overview\n\nIt multiplies.\n"
