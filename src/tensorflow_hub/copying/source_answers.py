"""Asking the source of a module for what it has beside the files: metadata, documentation, signatures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from tensorflow_hub.errors import HubError
from tensorflow_hub.handles import PathHandle, parse_handle
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.sources.session import open_source_session
from tensorflow_hub.resolving.sources.source import Source
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.settings import Settings

T = TypeVar("T")


def ask_source(
    handle: str, settings: Settings, question: Callable[[Source[Any], Any, HubSession], T]
) -> T | None:
    """Returns the answer of the source of a module; None for a path, or if the source gives no answer.

    Args:
      handle: a handle of any source.
      settings: the settings of the process.
      question: calls a method of the source.
    """
    parsed = parse_handle(handle)
    if isinstance(parsed, PathHandle):
        return None
    source, location = locate(parsed.url, settings)
    with (
        contextlib.suppress(HubError),
        open_source_session(source, location, settings, what=handle) as session,
    ):
        return question(source, location, session)
    return None
