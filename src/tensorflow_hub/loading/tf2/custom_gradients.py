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

from tensorflow_hub.internals.gradients import gradient_registry, is_of_loader

# Only one load at a time, so that the names that loads add to the registry are those of this load. Other
# threads may add custom gradients of functions that they trace meanwhile.
_loading = threading.Lock()


@contextlib.contextmanager
def custom_gradients_of_load() -> Iterator[Callable[[Any], None]]:
    """A context to load an object in, which finds the custom gradients that TensorFlow registers meanwhile.

    Yields:
      A function to call with the loaded object. When the object is deleted, the gradients are unregistered.
    """
    registry = gradient_registry()
    with _loading:
        before = set(registry)

        def unregister_with(loaded: Any) -> None:
            new = {name: registry[name] for name in set(registry) - before}
            added = {name for name, entry in new.items() if is_of_loader(entry)}
            if added:
                weakref.finalize(loaded, _unregister, registry, added)

        yield unregister_with


def _unregister(registry: dict[str, Any], names: set[str]) -> None:
    for name in names:
        registry.pop(name, None)
