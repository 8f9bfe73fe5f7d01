"""What TensorFlow's errors say, for messages."""

from __future__ import annotations

import re


def first_line(error: Exception) -> str:
    """What went wrong, of TensorFlow's errors without the names of functions and nodes before it."""
    lines = (getattr(error, "message", None) or str(error) or type(error).__name__).strip().splitlines()
    told = [line for line in lines if re.match(r"\s*(?!<|\[|Detected at|Graph execution)\S", line)] or lines
    return re.sub(r"\{\{.*?\}\}", "", told[0]).strip().rstrip(".")[:200]
