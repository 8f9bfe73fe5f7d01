"""How tests wait for other processes and threads: for a condition, and far longer than it ever takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Seconds. Only a hang reaches it: a machine that is ten times slower than ours must not fail a test.
PATIENCE = 240


def until(condition: Callable[[], object], what: str = "it", seconds: float = PATIENCE) -> None:
    """Waits until `condition` holds; fails after `seconds`, saying that `what` never came."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.01)


def until_flushed() -> None:
    """Waits for the threads that write downloaded modules to the disk and then their manifests anew."""
    for thread in threading.enumerate():
        if thread.name == "tfhub-flush":
            thread.join()
