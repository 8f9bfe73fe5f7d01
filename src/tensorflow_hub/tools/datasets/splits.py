"""Splits examples into training, validation and test examples, by their content alone."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tensorflow_hub.errors import DataError

Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Splits:
    """The indices of the training, validation and test examples. Each example is in exactly one of them."""

    train: Indices
    validation: Indices
    test: Indices


def _place(digest: bytes, seed: int) -> float:
    """Returns a number in [0, 1) that depends only on the content and the seed.

    So an example stays in its split when other examples are added, removed, renamed or get other labels. Two
    copies of an image are always in the same split.
    """
    mixed = hashlib.sha256(b"split %d " % seed + digest).digest()
    return int.from_bytes(mixed[:8], "big") / 2**64


def split(digests: Sequence[bytes], validation: float, test: float, seed: int) -> Splits:
    """Splits examples by the SHA-256 of their contents.

    The shares of validation and test examples are in [0, 1). Each seed gives another split.

    Raises:
      DataError: the shares leave nothing to train on.
    """
    require_shares(validation, test)
    places = np.array([_place(digest, seed) for digest in digests])
    is_test = places < test
    is_validation = ~is_test & (places < test + validation)
    return Splits(
        np.flatnonzero(~is_test & ~is_validation), np.flatnonzero(is_validation), np.flatnonzero(is_test)
    )


def require_shares(validation: float, test: float) -> None:
    """Checks that the shares leave examples for training.

    Raises:
      DataError: a share is below 0, or the sum of both is 1 or more.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise DataError(
            f"Expected shares with validation + test < 1, got {validation} and {test}.",
            hint="For example --validation 0.15 --test 0.15.",
        )
