"""Importing TensorFlow without its messages to standard error at start-up."""

from __future__ import annotations

import importlib
import os
import sys


def import_quietly(module: str) -> None:
    """Imports a module, and discards what it writes to standard error meanwhile.

    TensorFlow's C++ parts log before their level can be set. `TF_CPP_MIN_LOG_LEVEL=0` shows everything.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0" or module in sys.modules:
        importlib.import_module(module)
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    saved, quiet = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(quiet, 2)
        importlib.import_module(module)
        if "tensorflow" in sys.modules:  # TensorFlow logs again when it lists devices
            sys.modules["tensorflow"].config.list_logical_devices()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(quiet)
