"""Splits texts into words, in the same way for the index and for searches.

Many searches are for words of handles, so `mobilenet_v2_100_224`, `MobileNetV2` and `mobilenet v2` have to
give the same words.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

import tantivy

_WORD = re.compile(r"[^\W_]+")
# "resnet50" → "resnet 50", "yolov5" → "yolo v5", "efficientnetb7" → "efficientnet b7", "imagenet21k" →
# "imagenet 21k"; "v2", "b0", "s3d" stay.
_PART = re.compile(r"[a-z]{3,}?(?=(?:[bv][0-9]+)+$)|[bv][0-9]+|[a-z]{3,}|[0-9]+(?![0-9a-z])|[0-9a-z]+")
_SIZE = re.compile(r"([0-9]{2,})x([0-9]{2,})")

# The names of BERT's sizes; handles have the number of layers and the width instead.
_BERT_SIZE = re.compile(r"L-(\d+)_H-(\d+)", re.IGNORECASE)
_BERT_SIZES = {("24", "1024"): "large", ("12", "768"): "base", ("8", "512"): "medium"}
_BERT_SIZES |= {("4", "512"): "small", ("4", "256"): "mini", ("2", "128"): "tiny"}

# Endings that the stemmer does not unify, with their replacements: "classifier", "classify" and
# "classification" become "classif". British spellings become American ones.
_ENDINGS = [
    (re.compile(ending), rest)
    for ending, rest in (
        (r"(?<=[a-z]{3})is(?=ation|ator)|(?<=[a-z]{4}[^aeiou])is(?=e$|ed$|er$|ers$|ing$)", "iz"),
        (r"(?<=[a-z]{2})our(?=$|s$|ed$|ing$|iz)", "or"),
        (r"(?<=[a-z]{3})if(ications?|iers?|y|ies|ied|ying)$", "if"),
        (r"(?<=[a-z]{4})itions?$", ""),
        (r"(?<=[a-z]{3})(iz)?(ations?|ators?|ates?|ated|ating)$", ""),
        (r"(?<=[a-z]{3})iz(ers?|e[ds]?|ing)$", ""),
        (r"(?<=[a-z]{3}[ct])(ions?|ors?|ing|ed)$", ""),
    )
]
_STEMMER = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    .filter(tantivy.Filter.remove_long(60))
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)


def words(text: str) -> list[str]:
    """Returns the words of a text in lower case without accents; handles and compounds are split.

    >>> words("google/imagenet/MobileNet_v2_100_224")
    ['google', 'imagenet', 'mobilenet', 'v2', '100', '224']
    >>> words("YOLOv5, ResNet50 classifiers")
    ['yolo', 'v5', 'resnet', '50', 'classifiers']
    """
    folded = text.lower()
    if not folded.isascii():
        plain = unicodedata.normalize("NFKD", text)
        folded = "".join(char for char in plain if not unicodedata.combining(char)).lower()
    return [word for found in _WORD.findall(folded) for word in _parts(found)]


def name_words(handle: str) -> list[str]:
    """Returns the words of a handle, and for BERT models also the name of the size.

    >>> name_words("google/bert_uncased_L-24_H-1024_A-16")[-1]
    'large'
    """
    size = _BERT_SIZE.search(handle)
    named = _BERT_SIZES.get((size[1], size[2])) if size else None
    return [*words(handle), *([named] if named else [])]


@functools.lru_cache(maxsize=50_000)
def _parts(word: str) -> Sequence[str]:
    """Splits a sequence of letters and digits into words and numbers."""
    if size := _SIZE.fullmatch(word):
        return size.groups()
    return _PART.findall(word) if word[:3].isalpha() and word.isascii() else [word]


@functools.lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Returns the stem of a word, which is the same for its different forms. Text fields contain stems.

    >>> {stem(word) for word in ("classifier", "classify", "classifies", "classification")}
    {'classif'}
    >>> stem("colourise") == stem("colorization")
    True
    """
    for ending, rest in _ENDINGS:
        word = ending.sub(rest, word)
    stems = _STEMMER.analyze(word)
    return stems[0] if stems else word
