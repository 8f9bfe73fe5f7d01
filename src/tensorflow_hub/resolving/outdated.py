"""Which modules of a lock file are withdrawn, deleted, or have a newer version. Nothing is downloaded."""

from __future__ import annotations

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from tensorflow_hub.errors import HubError, NotFoundError, RequestError
from tensorflow_hub.resolving.lock_file import LockFile
from tensorflow_hub.resolving.sources.source import Place
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.settings import Settings

State = Literal["current", "newer", "withdrawn", "gone", "unknown"]

_VERSION = re.compile(r"/([1-9][0-9]{0,9})/?$")
# The number of sources that are asked at the same time: nearly all of the time is waiting.
_AT_ONCE = 8


@dataclasses.dataclass(frozen=True)
class Outdated:
    """The state of a locked module.

    Attributes:
      handle: the handle in the lock file.
      locked: the handle with the locked version.
      state: `"gone"`, `"withdrawn"`, `"newer"` (there is a newer version) or `"current"`; the first of these
        that
        is true. `"unknown"` if the source did not answer.
      latest: the handle of the latest version if that is another version; else "".
      reason: why the version was withdrawn or deleted, or why there is no answer; "" for no reason.
    """

    handle: str
    locked: str
    state: State
    latest: str = ""
    reason: str = ""


def find_outdated(lock: LockFile, settings: Settings) -> list[Outdated]:
    """Asks the sources of the modules of a lock file, several at the same time.

    Args:
      lock: the lock file.
      settings: the settings of the process.

    Returns:
      The state of each module, in the order of the handles.
    """
    entries = sorted(lock.modules.items())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda entry: _ask(entry[0], entry[1].newest or entry[0], settings), entries))


def _ask(handle: str, locked: str, settings: Settings) -> Outdated:
    try:
        place = locate(locked, settings)
        latest = _latest(place, settings)
        reason = _withdrawal(place, settings)
    except NotFoundError as problem:
        return Outdated(handle, locked, "gone", reason=problem.problem)
    except HubError as problem:
        return Outdated(handle, locked, "unknown", reason=problem.problem)
    known = place.location.name
    newer = latest if latest is not None and latest != known and _number(latest) > _number(known) else ""
    if reason is not None:
        return Outdated(handle, locked, "withdrawn", newer, reason)
    if latest is None:
        return Outdated(
            handle, locked, "current", reason="its source does not tell which version is the latest"
        )
    return Outdated(handle, locked, "newer" if newer else "current", newer)


def _latest(place: Place, settings: Settings) -> str | None:
    """The name of the latest version; None if the source does not know it."""
    from tensorflow_hub.resolving.sources.session import open_source_session, reading_answers

    source, location = place
    unversioned = source.parse(_VERSION.sub("", location.name)) if _VERSION.search(location.name) else None
    if unversioned is None or unversioned.is_fixed:
        return None
    try:
        with (
            open_source_session(source, unversioned, settings, what=location.name) as session,
            reading_answers(source),
        ):
            version = source.latest(unversioned, session)
    except NotFoundError:  # all other versions are withdrawn or deleted
        return None
    return None if version is None else source.at_version(unversioned, version).name


def _withdrawal(place: Place, settings: Settings) -> str | None:
    from tensorflow_hub.resolving.sources.session import open_source_session, reading_answers

    source, location = place
    with (
        open_source_session(source, location, settings, what=location.name) as session,
        reading_answers(source),
    ):
        try:
            return source.withdrawal(location, session)
        except NotFoundError:
            raise
        except RequestError:  # the server does not support the question
            return None


def _number(name: str) -> int:
    found = _VERSION.search(name)
    return int(found[1]) if found else 0
