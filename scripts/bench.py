"""Runs every benchmark and writes what they print, with the machine and the versions, to docs/benchmarks.md.

    python scripts/bench.py                  all of them
    python scripts/bench.py startup fetch    some; the page keeps the others' last figures

A benchmark is a script in `benchmarks/` that prints a Markdown table to standard output, ours and the
peers' figures of one run side by side. Interpreters of environments with the peers are found by the
variable TFHUB_PEERS, a folder of such environments.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

This page is written by `make bench`. Every table is what one run of the script named above it printed: ours
and the peers' on the same machine, in the same run. Figures of one machine say little about another; the
ratios say more.

"""
PACKAGES = ("tensorflow", "keras", "numpy", "granian", "obstore", "sqlalchemy", "tantivy", "faiss-cpu")


def machine() -> str:
    """One paragraph: processor, memory, system, versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*: (.*)", info.read_text())
        model = found[1] if found else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [text for package in PACKAGES if (text := _version(package))]
    python = platform.python_version()
    cores = os.cpu_count()
    return (
        f"Machine: {model}, {cores} cores, {memory:.0f} GB, {platform.system()} {platform.release()}. "
        f"Python {python}; {', '.join(versions)}.\n\n"
    )


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return ""


def scripts(names: list[str]) -> list[Path]:
    """The benchmarks to run, by name or all."""
    found = [path for path in sorted((ROOT / "benchmarks").glob("*.py")) if not path.name.startswith("_")]
    return [path for path in found if not names or path.stem in names]


def sections(text: str) -> dict[str, str]:
    """The last figures on the page, by benchmark."""
    parts = re.split(r"^## (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def run(path: Path) -> str:
    """Runs one benchmark; its section of the page."""
    print(f"{path.stem} …", file=sys.stderr, flush=True)
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    took = time.monotonic() - start
    said = done.stdout.strip() or "(no figures)"
    if "|---" not in said and "| ---" not in said and "|:-" not in said:
        said = f"```text\n{said}\n```"
    about = path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
    failed = f"\n\n**It ended with exit code {done.returncode}.**" if done.returncode else ""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return f"\n{about}\n\n{said}{failed}\n\n`benchmarks/{path.name}`, {today}, {took:.0f} s.\n\n"


def main() -> None:
    """Runs the benchmarks and writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="benchmarks to run; default all")
    names = parser.parse_args().names
    known = sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    for path in scripts(names):
        known[path.stem] = run(path)
        body = "".join(f"## {name}\n{known[name]}" for name in sorted(known))
        PAGE.write_text(HEAD + machine() + body.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
