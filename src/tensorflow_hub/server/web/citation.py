"""How to cite a version: the BibTeX in its card, or a new entry with its name, URL and year."""

from __future__ import annotations

import datetime
import re

from tensorflow_hub.server.catalogue.records import Publisher, Version

_ENTRY = re.compile(
    r"@(?:article|book|booklet|conference|dataset|inbook|incollection|inproceedings|manual|mastersthesis|misc|"
    r"online|patent|phdthesis|proceedings|report|software|techreport|unpublished)\s{0,9}\{\s{0,9}[^\s,{}]{1,100},",
    re.IGNORECASE,
)
_LONGEST, _MOST, _MOST_TRIED = 4_000, 5, 50
_SPECIAL = re.compile(r"([&%$#_{}])")


def bibtex(card: str, version: Version, publisher: Publisher, url: str) -> str:
    """Returns the BibTeX entries in a card, separated by empty lines; if it has none, a new entry.

    Args:
      card: the text of the card.
      version: the version to cite.
      publisher: its publisher.
      url: its URL.
    """
    return "\n\n".join(_entries_of(card)) or _entry_for(version, publisher, url)


def _entries_of(card: str) -> list[str]:
    """Returns the entries in a card, without incomplete ones."""
    found: list[str] = []
    for tried, match in enumerate(_ENTRY.finditer(card)):
        if tried == _MOST_TRIED or len(found) == _MOST:
            break
        entry = _balanced(card[match.start() : match.start() + _LONGEST])
        if entry and entry not in found:
            found.append(entry)
    return found


def _balanced(text: str) -> str:
    """Returns the start of a text up to its last closing brace; "" if the braces are not balanced."""
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0 and brace[0] == "}":
            return text[: brace.end()]
    return ""


def _entry_for(version: Version, publisher: Publisher, url: str) -> str:
    fields = {
        "title": _plain(f"{version.model.handle}, version {version.number}"),
        # In extra braces, because otherwise BibTeX would read it as the name of a person.
        "author": f"{{{_plain(publisher.title or publisher.name)}}}",
        "year": str(datetime.datetime.fromtimestamp(version.published, datetime.timezone.utc).year)
        if version.published
        else "",
        "howpublished": f"\\url{{{url}}}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{re.sub(r'[^A-Za-z0-9]+', '_', version.handle)},", *lines, "}"])


def _plain(text: str) -> str:
    """Escapes text for BibTeX."""
    words = " ".join(text.split()).replace("\\", "/")
    return _SPECIAL.sub(r"\\\1", words).replace("~", r"\~{}").replace("^", r"\^{}")
