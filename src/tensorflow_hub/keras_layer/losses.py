"""Regularization losses of a module, which are 0 while its layer is not trainable."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from tensorflow_hub.loading.replicas import first_replica


@dataclasses.dataclass(frozen=True)
class LossWhileTrainable:
    """A loss that is 0 while its layer is not trainable.

    Attributes:
      layer: the layer.
      loss: a function that returns a scalar.
    """

    layer: Any
    loss: Callable[[], Any]

    def __call__(self) -> Any:
        """The loss, a scalar."""
        if not self.layer.trainable:
            return 0.0
        with first_replica():
            return self.loss()
