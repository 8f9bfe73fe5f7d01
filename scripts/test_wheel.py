"""Installs the library as its documents say, in an empty environment, and takes the README's tour there.

python scripts/test_wheel.py [--python PYTHON] dist/tensorflow_hub-….whl

First from a clone of the last commit, by the README's own line; then the wheel in its place. Every other
`pip install` line of the documents is tried without installing anything.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOUR = Path(__file__).with_name("tour.py")
INSTALL_LINE = re.compile(r"^\s*(pip install [^#\n]*'\.\[[a-z,]+\]')", re.MULTILINE)


def install_lines(page: Path) -> list[str]:
    """The lines of a page that install the library from a clone, such as `pip install '.[server]'`."""
    return INSTALL_LINE.findall(page.read_text(encoding="utf-8"))


def main() -> None:
    """Makes the environment, installs in both ways, checks, takes the tour."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="the Python to make the environment with")
    parser.add_argument("wheel", type=Path)
    options = parser.parse_args()
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as folder:

        def run(*command: str, cwd: str = folder) -> str:
            return subprocess.run(
                command, cwd=cwd, env=clean, check=True, stdout=subprocess.PIPE, text=True
            ).stdout

        def pip(line: str, *more: str) -> None:
            run(python, "-m", *shlex.split(line), *more, "--quiet", "--disable-pip-version-check", cwd=clone)

        def take_the_tour(installed: str) -> None:
            run(python, "-m", "pip", "check")
            print(run(f"{folder}/environment/bin/tfhub", "--version"), end="")
            print(run(sys.executable, str(TOUR), "--python", python), end="")
            print(f"The tour of the README works from {installed}.")

        clone, python = f"{folder}/clone", f"{folder}/environment/bin/python"
        run("git", "clone", "--quiet", str(ROOT), clone)
        run(options.python, "-m", "venv", "environment")
        (line,) = install_lines(ROOT / "README.md")
        pip(line)
        take_the_tour("a clone")
        pip(f"pip install --force-reinstall --no-deps {options.wheel.resolve()}")
        take_the_tour("the wheel")
        for page in sorted((ROOT / "docs").rglob("*.md")):
            for line in install_lines(page):
                pip(line, "--dry-run")
                print(f"{page.relative_to(ROOT)}: {line} finds all that it needs.")


if __name__ == "__main__":
    main()
