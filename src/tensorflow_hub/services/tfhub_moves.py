"""Where the models of tfhub.dev are now: on Kaggle, in archives of their publishers, or nowhere.

Google moved the models of tfhub.dev to Kaggle Models in November 2023 and published no table of it. The one
in `tfhub_moves.tsv` was put together from redirects that were seen, names in public programs, and the rules
of the move, which hold for every pair that was seen:

- the framework is tensorFlow2 for SavedModels of TensorFlow 2, tensorFlow1 for TF1 Hub format;
- the version is the rank of the old version among the documented ones of the same framework;
- the variation is the path in lower case with `-` for `_`, `.` and `/`, less the name of the model, unless
  the table says otherwise.

The table: a line without tabs is a model on Kaggle. The lines below it are the models of tfhub.dev that
went there: old name, the old versions that are SavedModels of TF1 and those of TF2, each with its evidence
(`3:A`) and in the order of the new versions, and the variation where the rule does not give it. Below `-`
stand those that were deleted. `scripts/tfhub_moves.py` writes it.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib.resources
import re

from tensorflow_hub.handles import ModelName
from tensorflow_hub.services.kaggle import KaggleHandle

DELETED_ON = "2024-03-18"


class Evidence(enum.Enum):
    """How we know where a version went.

    The values are those of the table.
    """

    PUBLISHED_PAIR = "A+"  # the redirect was seen, and both names stand together in public
    REDIRECT = "A"  # the redirect was seen
    KAGGLE_NAME = "S"  # the name on Kaggle stands in public programs
    SAME_FRAMEWORK = "B"  # another version of the same model and framework was seen
    OTHER_FRAMEWORK = "C"  # the other framework of the same model was seen
    FAMILY = "D1"  # three or more models of its family went the same way
    SMALL_FAMILY = "D2"  # fewer did
    DELETED = "deleted"  # Google deleted it

    @property
    def is_inferred(self) -> bool:
        """Whether nobody has seen this very model at its place."""
        return self in {Evidence.OTHER_FRAMEWORK, Evidence.FAMILY, Evidence.SMALL_FAMILY}


@dataclasses.dataclass(frozen=True)
class Move:
    """Where a version of a model of tfhub.dev went.

    Attributes:
      name: on tfhub.dev, with its version.
      kaggle: its place on Kaggle; None when it was deleted.
      evidence: how we know.
    """

    name: ModelName
    kaggle: KaggleHandle | None
    evidence: Evidence


def move_of(name: ModelName) -> Move | None:
    """Where a version went; None when nothing is known of it.

    >>> print(move_of(ModelName.parse("google/universal-sentence-encoder/4")).kaggle)
    kaggle://google/universal-sentence-encoder/tensorFlow2/universal-sentence-encoder/2
    """
    return next((move for move in moves_of(name) if move.name == name), None)


def moves_of(name: ModelName) -> tuple[Move, ...]:
    """Where the documented versions of a model went, oldest first; none when nothing is known of it."""
    line = _lines().get(str(name.unversioned()))
    return tuple(sorted(_read_line(name, *line), key=lambda move: move.name)) if line else ()


def all_moves() -> tuple[Move, ...]:
    """All of the table."""
    return tuple(move for name in _lines() for move in moves_of(ModelName.parse(name)))


def names_that_moved() -> tuple[str, ...]:
    """The names of all models of the table, without versions."""
    return tuple(_lines())


def publisher_archive(name: ModelName) -> str | None:
    """The URL of the archive that the publisher of a version named in its documentation; None when none did.

    >>> publisher_archive(ModelName.parse("vtab/jigsaw/1"))
    'https://storage.googleapis.com/vtab/jigsaw/1.tar.gz'
    """
    return _archives().get(str(name))


def variation_by_rule(model: str, kaggle_model: str) -> str:
    """The variation that a model has when it is called as the rule says.

    >>> variation_by_rule("nnlm-en-dim128", "nnlm"), variation_by_rule("elmo", "elmo")
    ('en-dim128', 'elmo')
    """
    slug = re.sub(r"[_./]", "-", model.lower())
    if f"-{slug}".endswith(f"-{kaggle_model}"):
        return kaggle_model
    _, found, rest = f"-{slug}".partition(f"-{kaggle_model}-")
    return rest if found else slug


def _read_line(name: ModelName, kaggle_model: str, versions: list[str], variation: str) -> list[Move]:
    moves = []
    owner, _, model = kaggle_model.partition("/")
    variation = variation or variation_by_rule(name.model, model)
    for framework, listed in zip(("tensorFlow1", "tensorFlow2"), versions, strict=True):
        for rank, item in enumerate(listed.split(), start=1):
            old, _, evidence = item.partition(":")
            place = KaggleHandle(owner, model, framework, variation, rank) if model else None
            moves.append(Move(name.with_version(int(old)), place, Evidence(evidence)))
    return moves


@functools.cache
def _lines() -> dict[str, tuple[str, list[str], str]]:
    """Old name → model on Kaggle, versions by framework, variation."""
    lines, model = {}, ""
    for line in _rows("tfhub_moves.tsv"):
        if "\t" not in line:
            model = line
            continue
        name, tf1, tf2, variation, *_ = (*line.split("\t"), "", "")
        lines[name] = (model, [tf1, tf2], variation)
    return lines


@functools.cache
def _archives() -> dict[str, str]:
    return dict(line.split("\t") for line in _rows("tfhub_archives.tsv"))


def _rows(file: str) -> list[str]:
    text = importlib.resources.files("tensorflow_hub.services").joinpath(file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
