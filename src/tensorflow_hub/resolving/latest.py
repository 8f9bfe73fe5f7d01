"""The latest version of a model, for handles without a version.

The module is cached under the name with the version, so that no directory of the cache is replaced while a
program reads it. The answer of the source is stored, for use without a network:

    <cache>/.tfhub/latest/<key of the name>.json    {"handle": the name, "latest": the name with the version}
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Sequence

from tensorflow_hub.errors import HubError, LimitError, UnreachableError
from tensorflow_hub.resolving.cache.layout import Cache, key_of
from tensorflow_hub.resolving.mirrors import explain_mirrors
from tensorflow_hub.resolving.sources.source import FAILURES, Failure, Location, Place
from tensorflow_hub.settings import Settings
from tensorflow_hub.whole_file import whole_file

_log = logging.getLogger("tensorflow_hub")


def at_latest(place: Place, asked: Sequence[Place], cache: Cache, settings: Settings) -> Place:
    """The place of the latest version; the place itself if no source knows the latest version.

    Args:
      place: the place of the handle.
      asked: the places to ask, in order: the place itself, or its mirrors.
      cache: the cache, which stores the last answer.
      settings: with `offline`, the stored answer is used.

    Raises:
      NotFoundError, UnreachableError, …: the places cannot answer, and no answer is stored.
    """
    source, location = place
    if location.is_fixed or cache.find(location.name) is not None:  # the source does not know versions
        return place
    known = remembered(place, cache)
    if settings.offline:
        return known or place
    if known is not None and cache.find(known.location.name) is None:
        known = None
    try:
        version = _ask(asked, settings, location.name, hurry=known is not None)
    except (UnreachableError, LimitError) as problem:
        if known is None:
            raise
        name = known.location.name
        _log.warning("%s Using %s, which was the latest when it was asked last.", problem.problem, name)
        return known
    if version is None:
        return place
    latest = source.at_version(location, version)
    if known is None or known.location.name != latest.name:
        _remember(cache, location.name, latest.name)
    return Place(source, latest)


def _ask(asked: Sequence[Place], settings: Settings, name: str, *, hurry: bool) -> str | None:
    from tensorflow_hub.resolving.sources.session import open_source_session, reading_answers

    for number, (source, location) in enumerate(asked):
        try:
            with (
                open_source_session(source, location, settings, what=name, hurry=hurry) as session,
                reading_answers(source),
            ):
                return source.latest(location, session)
        except FAILURES as problem:
            if number == len(asked) - 1:
                error = source.explain(location, [Failure(location.handle, problem)])
                raise (error if location.name == name else explain_mirrors(name, error)) from problem
            _log.debug("%s: %s", location.name, problem.problem)
    return None


def _remember(cache: Cache, name: str, latest: str) -> None:
    with contextlib.suppress(OSError, HubError):
        path = cache.work_path("latest", key_of(name) + ".json")
        with whole_file(path) as file:
            file.write(json.dumps({"handle": name, "latest": latest}).encode())


def remembered(place: Place, cache: Cache) -> Place | None:
    """The place of the version in the stored answer; None if there is no stored answer."""
    source, location = place
    for root in (cache.root, *cache.tiers):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            path = os.path.join(root, ".tfhub", "latest", key_of(location.name) + ".json")
            with open(path, encoding="utf-8") as file:
                known: Location | None = source.parse(str(json.load(file)["latest"]))
            if known is not None:
                return Place(source, known)
    return None
