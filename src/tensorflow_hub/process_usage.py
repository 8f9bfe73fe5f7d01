"""The peak memory of this process, and limits of its resources (not on Windows)."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

resource: Any = importlib.import_module("resource") if importlib.util.find_spec("resource") else None


def peak_memory() -> int:
    """The peak memory of this process in bytes; 0 if the system does not report it.

    On Linux it is read from /proc/self/status, because `getrusage` includes the peak of the parent process.
    """
    if sys.platform == "linux":
        found = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    if resource is None:
        return 0
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts in bytes, others in KiB


def limit_process(memory: int, seconds: int, file_size: int) -> None:
    """Limits the resources of this process from now on, and turns core dumps off. On Windows it does nothing.

    Args:
      memory: the address space in bytes.
      seconds: the processor time.
      file_size: the size of each file that it writes, in bytes.
    """
    if resource is None:
        return
    amounts = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_CORE: 0,
    }
    for what, amount in amounts.items():
        _, most = resource.getrlimit(what)
        allowed = amount if most == resource.RLIM_INFINITY else min(amount, most)
        resource.setrlimit(what, (allowed, allowed))
