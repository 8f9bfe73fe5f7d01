"""Python's collector of cyclic garbage, paused while a graph is built.

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
