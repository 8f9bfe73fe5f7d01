"""Values of facets → the words that people use for them (`also_called.tsv`).

The index has the words of cards. No card says that a photo is an image. The words become words of each model
that has the value: a question needs no list of synonyms.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources


@functools.cache
def also_called() -> Mapping[tuple[str, str], str]:
    """Facet and value → words.

    >>> also_called()["task", "image-text-recognition"]
    'ocr'
    """
    text = resources.files(__package__).joinpath("also_called.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {(facet, value): words for facet, value, words in rows}
