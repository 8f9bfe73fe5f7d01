"""Environments with the official package, below the folder TFHUB_PEERS, else below `.cache/peers`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "hub015": ["tensorflow-hub==0.15.0", "tensorflow==2.15.1", "setuptools<81"],
    "hub016": ["tensorflow-hub==0.16.1", "tensorflow==2.21.*", "tf-keras==2.21.*", "setuptools<81"],
}


def peer_python(name: str, given: str | None) -> str:
    """The interpreter of an environment, which is made if there is none.

    Args:
      name: a key of `PACKAGES`.
      given: another interpreter that is to be used instead.
    """
    if given:
        return given
    environment = Path(os.environ.get("TFHUB_PEERS") or ROOT / ".cache" / "peers") / name
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES[name]], check=True)
    return str(python)
