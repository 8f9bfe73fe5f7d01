"""Runs every benchmark and writes what they print, with the machine and the versions, to docs/benchmarks.md.

    python scripts/bench.py                          all of them
    python scripts/bench.py startup pages            some; the page keeps the others' last figures
    python scripts/bench.py growth -- --only cache   with options of the benchmark, which the page shows
    python scripts/bench.py --quick                  those with small inputs; writes no page

A benchmark is a script in `benchmarks/` that prints Markdown tables to standard output, with the figures of
this package and of its peers from one run. It may print several parts, each with a heading (`### A cache`).
A run replaces the parts that it prints; the others keep their last figures. So do all parts of a benchmark
that cannot measure anything here, or that fails; then the others run, and the exit code is 1. Each part ends
with its options, day and revision. Below each row, the page has the row of the run before, with its day.
TFHUB_PEERS is a folder with environments of the peers.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import itertools
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

`make bench` writes this page. Each table is the output of one run of the script that is named below it. The
script measures this package and its peers in the same run on the same machine. Times depend on the machine,
so compare the ratios. A row in italics has the figures of an earlier run for the row above it; it begins
with the day of that run.

"""
_SOURCE = re.compile(r"^(?:\S+ of )?`benchmarks/[^`]*`.*?(\d{4}-\d\d-\d\d)(?:.+\n?)*", re.MULTILINE)
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
        f"Machine of the last run: {model}, {cores} cores, {memory:.0f} GB, "
        f"{platform.system()} {platform.release()}. Python {python}; {', '.join(versions)}.\n\n"
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


def printed(path: Path, options: Sequence[str]) -> str:
    """What a benchmark prints, as Markdown.

    Raises:
      subprocess.CalledProcessError: it failed.
    """
    print(f"{path.stem} …", file=sys.stderr, flush=True)
    command = [sys.executable, str(path), *options]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def section(path: Path, options: Sequence[str], before: str) -> str | None:
    """Runs a benchmark; its section of the page, given the section of the run before.

    None if the benchmark cannot measure anything on this machine.

    Raises:
      subprocess.CalledProcessError: it failed.
    """
    revision, start = _revision(), time.monotonic()
    said = printed(path, options)
    if not any(_rows(said.splitlines())):
        print(f"{path.stem}: {said}", file=sys.stderr)
        return None
    took = time.monotonic() - start
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    with_options = f" with `{shlex.join(options)}`" if options else ""
    source = f"`benchmarks/{path.name}`{with_options}, {today}, revision {revision}, {took:.0f} s."
    old = parts(before)
    new = {
        title: f"{with_rows_before(text, old.get(title, ''))}\n\n{source}"
        for title, text in parts(said).items()
    }
    # A benchmark that prints no headings is one part.
    kept = {} if "" in new else {title: text for title, text in old.items() if title}
    return f"\n{_about(path)}\n\n" + "\n\n".join({**kept, **new}.values()) + "\n\n"


def parts(text: str) -> dict[str, str]:
    """Heading → part of what a benchmark printed, or of its section of the page, which ends with its source.

    What stands before the first heading is the part "", if it has a table or no heading follows. A part
    without a source has the next one below it: they were printed by one run.
    """
    first, *others = re.split(r"^(?=### )", text, flags=re.MULTILINE)
    found = {part.partition("\n")[0]: part.strip() for part in others}
    if not others or re.search(r"^\|", first, re.MULTILINE):
        found = {"": first.strip(), **found}
    source = ""
    for title in reversed(found):
        own = _SOURCE.search(found[title])
        source = own[0] if own else source
        found[title] += "" if own or not source else f"\n\n{source}"
    return found


def _about(path: Path) -> str:
    return path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]


def with_rows_before(new: str, old: str) -> str:
    """New figures with the old ones beside them: each row of a table, and below it the same row of the old.

    Rows are the same where their tables have the same head and they begin with the same cells, up to the
    first figure after the first cell; of several such rows, the first goes with the first. Old rows of the
    old are left out.

    Args:
      new: what a benchmark printed.
      old: its section of the page.
    """
    found = _SOURCE.search(old)
    old_lines, lines = old.splitlines(), new.splitlines()
    known = {key: old_lines[number] for number, key in _rows(old_lines)}
    for number, key in reversed(list(_rows(lines))):
        if found and known.get(key, lines[number]) != lines[number]:
            cells = [cell.strip() for cell in known[key].strip("|").split("|")[1:]]
            row = " | ".join(f"*{cell}*" if cell else "" for cell in [found[1], *cells])
            lines.insert(number + 1, f"| {row} |")
    return "\n".join(lines)


def _rows(lines: Sequence[str]) -> Iterator[tuple[int, tuple[str, tuple[str, ...], int]]]:
    """The rows of the tables: the number of the line, and (head, first cells, how many such rows before)."""
    head, seen = "", Counter[tuple[str, tuple[str, ...]]]()
    for number, line in enumerate(lines):
        if not line.startswith("|"):
            head = ""
        elif not head:
            head = line
        elif not re.match(r"\|\s?(:?--|\*)", line):
            first, *others = [cell.strip() for cell in line.strip("|").split("|")]
            row = head, (first, *itertools.takewhile(_is_label, others))
            yield number, (*row, seen[row])
            seen[row] += 1


def _is_label(cell: str) -> bool:
    return re.match(r"[-+×≤≥]?\s*\d|–?$", cell) is None


def _revision() -> str:
    """The revision that is measured, and whether the files differ from it; this page and its plots may."""
    try:
        revision = _git("rev-parse", "--short", "HEAD")
        files = ["src", "benchmarks", "tests/support", "requirements", "pyproject.toml"]
        changed = _git("status", "--porcelain", "--", *files)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{revision} with changes" if changed else revision


def _git(*words: str) -> str:
    command = ["git", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def contents(known: dict[str, str]) -> str:
    """The table at the top of the page: each benchmark, what it measures, and the days of its figures."""
    rows = ["| Benchmark | What it measures | Figures of |", "|---|---|---|"]
    for name in sorted(known):
        days = sorted({found[1] for found in _SOURCE.finditer(known[name])})
        about = next(line for line in known[name].splitlines() if line)
        rows.append(f"| [{name}](#{name}) | {about} | {', '.join(days)} |")
    return "\n".join(rows) + "\n\n"


def main() -> None:
    """Runs the benchmarks and writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="benchmarks to run; default all")
    parser.usage = "%(prog)s [-h] [--quick] [names ...] [-- options of the benchmark]"
    parser.add_argument("--quick", action="store_true", help="print figures of small inputs; write no page")
    words = [*sys.argv[1:], "--"]
    split = words.index("--")
    arguments, options = parser.parse_args(words[:split]), words[split + 1 : -1]
    if arguments.quick:
        for path in scripts(arguments.names):
            if '"--quick"' in path.read_text(encoding="utf-8"):
                print(f"## {path.stem}\n\n{printed(path, ['--quick', *options])}\n", flush=True)
        return
    known = sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    failed = []
    for path in scripts(arguments.names):
        try:
            new = section(path, options, known.get(path.stem, ""))
        except subprocess.CalledProcessError as failure:
            print(f"{failure.stdout}\n{path.stem}: exit code {failure.returncode}", file=sys.stderr)
            failed.append(path.stem)
            continue
        if new is None:
            continue
        known[path.stem] = new
        body = "".join(f"## {name}\n{known[name]}" for name in sorted(known))
        PAGE.write_text(HEAD + contents(known) + machine() + body.rstrip() + "\n", encoding="utf-8")
    if failed:
        raise SystemExit(f"Failed, so the page has their last figures: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
