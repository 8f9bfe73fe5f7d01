"""Text → words, the same way for what is indexed and what is asked.

Handles carry much of what people search for, so `mobilenet_v2_100_224`, `MobileNetV2` and
`mobilenet v2` have to give the same words.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
# "resnet50" → "resnet 50", "yolov5" → "yolo v5", "wav2vec2" → "wav 2 vec 2"; "v2", "b0", "s3d" stay.
_VERSIONED = re.compile(r"([a-z]{3,}?)(v[0-9]+)")
_SIZE = re.compile(r"([0-9]{2,})x([0-9]{2,})")
_NUMBERED = re.compile(r"[a-z]{3,}|[0-9]+(?![a-z])|[0-9a-z]+")

# The sizes of BERT as its authors call them; handles give layers and width.
_BERT_SIZE = re.compile(r"L-(\d+)_H-(\d+)", re.IGNORECASE)
_BERT_SIZES = {("24", "1024"): "large", ("12", "768"): "base", ("8", "512"): "medium"}
_BERT_SIZES |= {("4", "512"): "small", ("4", "256"): "mini", ("2", "128"): "tiny"}

_BRITISH = re.compile(r"isation$")

# Words of one root that stemming keeps apart.
_SAME = {
    "classifier": "classification",
    "classify": "classification",
    "classifiers": "classification",
    "detector": "detection",
    "detectors": "detection",
    "detect": "detection",
    "segmenter": "segmentation",
    "segment": "segmentation",
    "generator": "generation",
    "recognizer": "recognition",
    "recognise": "recognition",
    "recognize": "recognition",
    "recogniser": "recognition",
    "transcription": "transcribe",
    "transcript": "transcribe",
    "summarize": "summarization",
    "summarise": "summarization",
    "summary": "summarization",
    "translator": "translate",
    "translation": "translate",
    "colour": "color",
    "colourise": "colorize",
    "colorise": "colorize",
    "cartoonise": "cartoonize",
    "stylise": "stylize",
    "stylised": "stylize",
    "normalised": "normalize",
    "optimised": "optimize",
    "quantised": "quantized",
    "tokenise": "tokenize",
    "categorise": "categorize",
    "labelling": "labeling",
    "centre": "center",
    "grey": "gray",
    "estimator": "estimation",
    "tokeniser": "tokenizer",
}


# The rules by which words are made: an index that was made by other rules is made again.
WORDS = (_VERSIONED.pattern, _SIZE.pattern, _NUMBERED.pattern, _BERT_SIZES, _SAME)


def words(text: str) -> list[str]:
    """The words of a text, in lower case, without accents, handles and compounds taken apart.

    >>> words("google/imagenet/MobileNet_v2_100_224")
    ['google', 'imagenet', 'mobilenet', 'v2', '100', '224']
    >>> words("YOLOv5, ResNet50 classifiers")
    ['yolo', 'v5', 'resnet', '50', 'classification']
    """
    folded = text.lower()
    if not folded.isascii():
        plain = unicodedata.normalize("NFKD", text)
        folded = "".join(char for char in plain if not unicodedata.combining(char)).lower()
    return [word for found in _WORD.findall(folded) for word in _parts(found)]


def name_words(handle: str) -> list[str]:
    """The words of a handle, and those that are meant by the numbers in it.

    >>> name_words("google/bert_uncased_L-24_H-1024_A-16")[-1]
    'large'
    """
    size = _BERT_SIZE.search(handle)
    named = _BERT_SIZES.get((size[1], size[2])) if size else None
    return [*words(handle), *([named] if named else [])]


@functools.lru_cache(maxsize=20_000)
def family(handle: str) -> str:
    """The handle without its numbers: what the models of one family have in common.

    >>> family("google/imagenet/mobilenet_v2_100_224/classification")
    'google imagenet mobilenet classification'
    """
    return " ".join(word for word in words(handle) if word.isalpha() and len(word) > 1)


@functools.lru_cache(maxsize=50_000)
def _parts(word: str) -> tuple[str, ...]:
    """A run of letters and digits, taken apart; words of one root as one."""
    parts: Sequence[str] = (word,)
    if not (word.isalpha() or word.isdigit() or len(word) < 4 or not word.isascii()):
        if versioned := _VERSIONED.fullmatch(word):
            parts = versioned.groups()
        elif size := _SIZE.fullmatch(word):
            parts = size.groups()
        elif word[:3].isalpha():
            parts = _NUMBERED.findall(word)
    return tuple(_SAME.get(part) or _BRITISH.sub("ization", part) for part in parts)
