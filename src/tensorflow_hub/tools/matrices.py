"""The type of what modules compute for the tools: matrices of float32, one row per example."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
