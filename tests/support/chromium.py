"""The browser of the tests: a real Chromium."""

from __future__ import annotations

import os
import shutil

CHROMIUM = (
    os.environ.get("TFHUB_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
