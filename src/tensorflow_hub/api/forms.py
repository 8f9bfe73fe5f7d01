"""What the forms of the pages send: fields of text, which browsers name and people fill in."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Fields(Struct, frozen=True):
    """The fields of a form."""


class NoFields(Fields, frozen=True):
    """A button alone."""


class SignIn(Fields, frozen=True):
    """A token, and the page to go on to."""

    token: Annotated[str, Meta(max_length=1000)] = ""
    next: Annotated[str, Meta(max_length=2000)] = "/"


class OfSession(Fields, frozen=True):
    """A session in the path."""

    session: int
