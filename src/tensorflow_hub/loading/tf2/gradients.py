"""Custom gradients of loaded SavedModels, unregistered when the loaded object is deleted.

TensorFlow registers each custom gradient under a new name and never unregisters it. The gradient references
the loaded network, so the network and its weights would stay in memory until the process ends.
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
    """A context to load an object in. It gives a function that has to be called with the loaded object."""
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
