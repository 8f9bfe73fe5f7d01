"""Custom gradients of loaded SavedModels: forgotten together with the object.

TensorFlow registers each of them for good under a new name, and so keeps every loaded network that has
one, and its weights, until the process ends. Here the names that loading added go with the object.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from tensorflow_hub.internals.gradients import gradient_registry

_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def gradients_of() -> Iterator[Callable[[Any], None]]:
    """Gives a function to call with the object loaded inside the block."""
    registry = gradient_registry()
    with _one_at_a_time:
        before = set(registry)

        def bind(loaded: Any) -> None:
            added = set(registry) - before
            if added:
                weakref.finalize(loaded, _forget, registry, added)

        yield bind


def _forget(registry: dict[str, Any], names: set[str]) -> None:
    for name in names:
        registry.pop(name, None)
