"""A short description of this machine, for measured speeds."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import tensorflow as tf


def machine_in_words() -> str:
    """The processor, its cores and the accelerators, for example `8 cores of AMD EPYC 7B13, NVIDIA H100`."""
    cores = os.cpu_count() or 1
    counted = f"{cores} core{'' if cores == 1 else 's'} of {_processor()}"
    accelerators = [
        str(tf.config.experimental.get_device_details(device).get("device_name", device.device_type))
        for kind in ("GPU", "TPU")
        for device in tf.config.list_physical_devices(kind)
    ]
    return ", ".join([counted, *accelerators])[:200]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(errors="replace"), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine() or "an unknown processor"
