"""Asking the source of a module for what it has beside the files: metadata, documentation, signatures.

Where the source does not answer, as on a machine without a network, what a bundle brought is used instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tensorflow_hub.errors import HubError
from tensorflow_hub.handles import PathHandle, parse_handle
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.cache.kept_documentation import documentation_path, find_documentation
from tensorflow_hub.resolving.cache.layout import Cache
from tensorflow_hub.resolving.sources.session import open_source_session
from tensorflow_hub.resolving.sources.source import About, Documentation, Source
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.settings import Settings

T = TypeVar("T")


def about_of(handle: str, settings: Settings) -> About:
    """Returns the metadata of a module at its source; only the page if the source does not answer."""
    about = _ask(handle, settings, lambda source, location, session: source.about(location, session))
    if about is not None:
        return about
    parsed = parse_handle(handle)
    return (
        About() if isinstance(parsed, PathHandle) else About(page=locate(parsed.url, settings).location.page)
    )


def documentation_of(handle: str, settings: Settings) -> Documentation:
    """Returns the card, pictures and measurements of a module; empty without an answer and a bundle.

    Args:
      handle: the handle in the canonical spelling of its source.
      settings: the settings of the process.
    """
    found = _ask(handle, settings, lambda source, location, session: source.documentation(location, session))
    if found is None or not found.card:
        found = find_documentation(Cache.from_settings(settings), handle) or found
    return found or Documentation()


def signatures_of(handle: str, settings: Settings) -> Sequence[str]:
    """Returns the signatures of a module, none of them verified; empty without an answer and a cached copy.

    Args:
      handle: the handle in the canonical spelling of its source.
      settings: the settings of the process.
    """
    found = _ask(handle, settings, lambda source, location, session: source.signatures(location, session))
    if found is None:
        cached = Cache.from_settings(settings).find(handle)
        found = cached.manifest.signatures if cached is not None else ()
    return found


def _ask(handle: str, settings: Settings, question: Callable[[Source[Any], Any, HubSession], T]) -> T | None:
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
    hurry = documentation_path(Cache.from_settings(settings), location.name) is not None
    with (
        contextlib.suppress(HubError),
        open_source_session(source, location, settings, what=handle, hurry=hurry) as session,
    ):
        return question(source, location, session)
    return None
