"""What modules compute for the tools: matrices of float32 with a vector in each row, and their scaling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


def normalised(vectors: Matrix) -> Matrix:
    """Returns rows scaled to unit length; rows of zeros are unchanged.

    >>> normalised(np.array([[3, 4], [0, 0]], np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
