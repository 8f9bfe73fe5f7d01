"""Losses of a module that count only while its layer is trainable."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from tensorflow_hub.loading.replicas import first_replica


@dataclasses.dataclass(frozen=True)
class LossWhileTrainable:
    """A loss that is 0 while its layer is frozen.

    Attributes:
      layer: the layer.
      loss: gives a scalar.
    """

    layer: Any
    loss: Callable[[], Any]

    def __call__(self) -> Any:
        """The loss, float32."""
        if not self.layer.trainable:
            return 0.0
        with first_replica():
            return self.loss()
