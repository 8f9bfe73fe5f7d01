"""Words of people → words of cards (`synonyms.tsv`), and the words that say nothing in a question.

The table has what an index cannot know: that a photo is an image. Without it three in a hundred right
answers of the test questions are missing. A line is a word, or two that stand side by side, and other ways
to say it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources

# Words that say nothing in a question unless they are all of it.
STOP_WORDS = frozenset(
    """a an and are as at be by for from how i in into is it of on or that the this to with what which
    model models module modules pretrained pre trained using use my me need want tensorflow tf tfhub hub
    """.split()  # noqa: SIM905 - read as text
)


@functools.cache
def _table() -> Mapping[str, tuple[str, ...]]:
    text = resources.files(__package__).joinpath("synonyms.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {asked: tuple(said.split(", ")) for asked, said in rows}


def alternatives(word: str) -> tuple[str, ...]:
    """Other ways to say a word, or two words that stand side by side, as phrases.

    >>> alternatives("ocr"), alternatives("feature extractor")
    (('text recognition', 'text detection'), ('feature vector',))
    """
    return _table().get(word, ())
