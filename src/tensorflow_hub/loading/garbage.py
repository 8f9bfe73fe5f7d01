"""Python's collector of cyclic garbage, kept from work in which it finds nothing.

Loading, freezing or saving a module makes some hundred thousand objects that all stay, and the collector
looks through all of the process's several times meanwhile: a quarter of the time, and it finds nothing.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Pauses the collector in the context, for what takes seconds at most; leaves one that is off, off.

    >>> with collection_paused():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def existing_objects_frozen() -> Iterator[None]:
    """Has the collector look only at what is made in the context; for a run of any length.

    TensorFlow's import alone leaves some hundred thousand objects that stay until the process ends.

    >>> with existing_objects_frozen():
    ...     gc.get_freeze_count() > 0
    True
    >>> gc.get_freeze_count()
    0
    """
    frozen_by_others = gc.get_freeze_count() > 0
    if not frozen_by_others:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen_by_others:
            gc.unfreeze()
