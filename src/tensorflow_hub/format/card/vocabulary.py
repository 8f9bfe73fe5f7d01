"""The fields of a model card and their known values.

The lists in `known_values/` are TSV files with a header and one value per line, where the last columns may be
missing. They are the values of tfhub.dev. A card may have other values, which a hub shows unchanged.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
from collections.abc import Mapping
from importlib import resources
from typing import Literal

from tensorflow_hub.format.kinds import saved_model

FieldForm = Literal["known", "one of", "flag", "url", "colab", "handle", "module", "text"]


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a card.

    Attributes:
      form: the form of its values: "known" (preferably a known value), "one of" (only a known value), "flag"
        (true or false), "url", "colab" (a URL of Colab), "handle" (a model on a hub), "module" (a handle or a
        URL), or "text".
      repeats: whether a card may have it several times.
      link: the label with which the page of a version shows its URLs as links; "" if it does not.
    """

    form: FieldForm
    repeats: bool = False
    link: str = ""


FIELDS: Mapping[str, Field] = {
    "asset-path": Field("text"),
    "task": Field("known", repeats=True),
    "dataset": Field("known", repeats=True),
    "network-architecture": Field("known", repeats=True),
    "language": Field("known", repeats=True),
    "fine-tunable": Field("flag"),
    "format": Field("one of"),
    "license": Field("known"),
    "parent-model": Field("handle"),
    "derived-from": Field("module", repeats=True),
    "interactive-visualizer": Field("known", repeats=True),
    "colab": Field("colab", repeats=True, link="Notebook"),
    "demo": Field("url", repeats=True, link="Demo"),
}
# Old name of a field → its name.
RENAMED_FIELDS: Mapping[str, str] = {"module-type": "task"}


@dataclasses.dataclass(frozen=True)
class KnownValue:
    """A known value of a field.

    Attributes:
      id: the value in cards.
      name: the name for people.
      domains: of a task: "image", "text", "audio", "video".
      url: of a licence: its text.
      also_called: other words for it. Cards do not say that text recognition is "ocr", so search adds them.
    """

    id: str
    name: str
    domains: tuple[str, ...] = ()
    url: str = ""
    also_called: str = ""


@functools.cache
def known_values(field: str) -> Mapping[str, KnownValue]:
    """The known values of a field, by id; empty for a field without known values.

    >>> known_values("task")["image-feature-vector"].domains
    ('image',)
    """
    if field == "format":
        return {value: KnownValue(value, name) for value, name in saved_model.KIND.formats.items()}
    if field not in FIELDS or FIELDS[field].form != "known":
        return {}
    file = resources.files(__package__).joinpath("known_values").joinpath(f"{field}.tsv")
    header, *rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    values = (_value(dict(zip(header, row, strict=False))) for row in rows)
    return {value.id: value for value in values}


def _value(row: Mapping[str, str]) -> KnownValue:
    domains = tuple(domain for domain in row.get("domains", "").split(",") if domain)
    return KnownValue(row["id"], row["name"], domains, row.get("url", ""), row.get("also_called", ""))


def display_name(field: str, value: str) -> str:
    """The name of a value for people. An unknown value is returned unchanged.

    >>> display_name("language", "de"), display_name("language", "tlh")
    ('German', 'tlh')
    """
    known = known_values(field).get(value)
    return known.name if known else value


def closest(word: str, words: Mapping[str, object]) -> str | None:
    """The most similar word; None if none is similar.

    >>> closest("image-clasification", known_values("task"))
    'image-classification'
    """
    found = difflib.get_close_matches(word[:100].lower().replace("_", "-"), list(words), n=1, cutoff=0.75)
    return found[0] if found else None
