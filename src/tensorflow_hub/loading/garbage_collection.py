"""Pausing Python's cyclic garbage collector while a module is loaded, frozen or saved.

Loading creates some hundred thousand objects, and all of them are used. The collector would search all
objects of the process several times and free nothing. This would take a quarter of the time.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """A context in which the collector is off. It should last seconds at most.

    If the collector was off before, it stays off afterwards.

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
    """A context in which the collector searches only the objects that are created in it. It may last long.

    Importing TensorFlow creates some hundred thousand objects that exist until the process ends.

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
