"""Answers for errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta


class Problem(TypedDict):
    """Why a request was refused, and what to do next."""

    code: Annotated[str, Meta(description="not_found, conflict, rejected, …")]
    message: str
    hint: Annotated[str, Meta(description="What to do next.")]


class ProblemWithSuggestions(Problem, total=False):
    """An error with suggested names, or with the line of the card that has the error."""

    suggestions: Sequence[str]
    line: int


class Error(TypedDict):
    """The body of every error."""

    error: ProblemWithSuggestions
