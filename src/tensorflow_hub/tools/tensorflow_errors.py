"""Shortens the texts of TensorFlow's errors for our messages."""

from __future__ import annotations

import re


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message, without names of functions and nodes."""
    lines = (getattr(error, "message", None) or str(error) or type(error).__name__).strip().splitlines()
    told = [line for line in lines if re.match(r"\s*(?!<|\[|Detected at|Graph execution)\S", line)] or lines
    return re.sub(r"\{\{.*?\}\}", "", told[0]).strip().rstrip(".")[:200]
