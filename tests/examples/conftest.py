"""Examples are scripts, not a package: their folder goes on the import path."""

from __future__ import annotations

import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
for folder in (EXAMPLES, EXAMPLES / "demo"):
    sys.path.insert(0, str(folder))
