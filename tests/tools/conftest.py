"""The fixtures of the tools' tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tests_tools import image_module, photos, reviews, text_module  # noqa: F401
