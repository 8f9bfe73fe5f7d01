"""The project's documents, taken apart: code blocks, code spans, links, commands."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)(`{3,})(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^ *\2 *$", re.MULTILINE | re.DOTALL
)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s#]+)")


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced code block: where it begins, its language and its text."""

    path: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """README and its siblings, and everything under docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        indent = len(match["indent"])
        code = "\n".join(line[indent:] for line in match["code"].splitlines()) + "\n"
        found.append(Block(path, text.count("\n", 0, match.start()) + 1, match["language"], code))
    return found


def spans(path: Path) -> list[str]:
    return SPAN.findall(FENCE.sub("", path.read_text(encoding="utf-8")))


def links(path: Path) -> list[str]:
    return LINK.findall(SPAN.sub("", FENCE.sub("", path.read_text(encoding="utf-8"))))


def commands(path: Path) -> list[list[str]]:
    """Every command line that stands in a shell block or a code span, split into words."""
    lines = [span for span in spans(path) if " " in span]
    for block in blocks(path):
        if block.language in {"bash", "sh", "shell", "console"}:
            lines += block.code.replace("\\\n", " ").splitlines()
    found = []
    for line in lines:
        for part in re.split(r"\||&&|;", line.removeprefix("$ ")):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                words = part.split()
            while words and re.fullmatch(r"[A-Z_0-9]+=.*", words[0]):
                words.pop(0)
            if words:
                found.append(words)
    return found
