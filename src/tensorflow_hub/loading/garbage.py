"""Pausing Python's cyclic garbage collector while a module is loaded, frozen or saved.

This work makes some hundred thousand objects, all of which are needed. The collector would search all objects
of the process several times and free nothing, which takes a quarter of the time.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Turns the collector off in the context, which should take seconds at most.

    If it is off already, it stays off.

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
    """Lets the collector search only objects made in the context, which may take any time.

    Importing TensorFlow makes some hundred thousand objects that stay until the process ends.

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
