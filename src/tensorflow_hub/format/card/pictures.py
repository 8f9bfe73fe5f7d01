"""The pictures that a card refers to by paths relative to it: `![two cats](pictures/cats.png)`."""

from __future__ import annotations

import re

from tensorflow_hub.errors import CardError

MOST_PICTURES = 20
_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
# No name starts with a dot, so no path leads to a parent directory or a hidden file.
_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}/){0,5}[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
# Fenced code and comments, in which pictures do not count. The patterns take linear time.
_CODE = re.compile(r"^(`{3}|~{3})[^\n]*\n.*?(?:^\1|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.MULTILINE)
_MARKDOWN = re.compile(r"!\[[^\[\]]{0,500}\]\([ ]{0,9}<?([^\s()<>]{1,600})")
_HTML = re.compile(r"""<img\b[^<>]{0,1000}?\ssrc\s{0,9}=\s{0,9}["']?([^"'\s<>]{1,600})""", re.IGNORECASE)


def picture_path(target: str) -> str | None:
    """The path of a picture relative to its card, from the target of a link; None for all other targets.

    >>> picture_path("./pictures/cats.png"), picture_path("https://a.example/b.png"), picture_path("../b.png")
    ('pictures/cats.png', None, None)
    """
    path = target.removeprefix("./")
    is_path = _PATH.fullmatch(path) is not None and ".." not in path
    return path if is_path and path.lower().endswith(_SUFFIXES) else None


def pictures_of(card: str) -> tuple[str, ...]:
    """The paths of the pictures that a card refers to, each once, at most `MOST_PICTURES`.

    >>> pictures_of("![a](a.png) <img src='b.gif' width=9> ![c](https://c.example/c.png)")
    ('a.png', 'b.gif')
    """
    found = dict.fromkeys(path for target in _targets(card) if (path := picture_path(target)))
    return tuple(found)[:MOST_PICTURES]


def check_pictures(card: str) -> None:
    """Checks that a hub would show all pictures of a card.

    Raises:
      CardError: the card refers to too many pictures, or to an SVG file, which may contain scripts.
    """
    targets = _targets(card)
    for target in targets:
        if target.lower().endswith(".svg") and _PATH.fullmatch(target.removeprefix("./")):
            raise CardError(
                f"Expected pictures in PNG, JPEG, GIF or WebP, got {target!r}.",
                hint="Save the drawing as PNG. An SVG file may contain scripts.",
            )
    found = {path for target in targets if (path := picture_path(target))}
    if len(found) > MOST_PICTURES:
        raise CardError(
            f"Expected a card with at most {MOST_PICTURES} pictures, got {len(found)}.",
            hint="Remove some, or combine several into one.",
        )


def _targets(card: str) -> list[str]:
    text = _CODE.sub("", card)
    return [*_MARKDOWN.findall(text), *_HTML.findall(text)]
