"""What this process used of the machine, and limits on it, where the system has such: Windows does not."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

resource: Any = importlib.import_module("resource") if importlib.util.find_spec("resource") else None


def peak_memory() -> int:
    """The most memory this process had, in bytes; 0 where the system does not tell.

    Linux tells it in /proc/self/status. `getrusage` there starts at the peak of the parent.
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
    """Limits this process from now on: its memory in bytes, its processor time, the files it writes in bytes.

    No core is dumped. Where the system knows no such limits, only whoever started the process can end it.
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
