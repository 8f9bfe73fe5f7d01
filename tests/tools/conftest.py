"""The fixtures of the tools' tests."""

from text_pair import parts  # noqa: F401
from tool_data import image_module, photos, reviews, text_module  # noqa: F401
