"""Which modules of a lock file are withdrawn, deleted, or have a newer version. Nothing is downloaded."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from tensorflow_hub.errors import HubError, NotFoundError, RequestError
from tensorflow_hub.resolving.lock_file import LockFile
from tensorflow_hub.resolving.resolve import places_of
from tensorflow_hub.resolving.sources.source import FAILURES, Location, Place
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
        that is true. `"unknown"` if the source did not answer.
      latest: the handle of the latest version if that is another version; else "".
      reason: why the version was withdrawn or deleted, or why there is no answer; "" for no reason.
    """

    handle: str
    locked: str
    state: State
    latest: str = ""
    reason: str = ""


def find_outdated(lock: LockFile, settings: Settings) -> list[Outdated]:
    """Asks the sources of the modules of a lock file, or their mirrors, several at the same time.

    Args:
      lock: the lock file.
      settings: the settings of the process.

    Returns:
      The state of each module, in the order of the handles.
    """
    entries = sorted(lock.modules.items())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda entry: _ask(entry[0], entry[1].latest or entry[0], settings), entries))


def _ask(handle: str, locked: str, settings: Settings) -> Outdated:
    problems: list[HubError] = []
    try:
        place = locate(locked, settings)
        for asked in places_of(place, settings):
            try:
                version, reason = _answers(asked, settings)
            except FAILURES as problem:
                problems.append(problem)
            else:
                return _compared(handle, locked, place, version, reason)
    except HubError as problem:
        problems.append(problem)
    is_gone = all(isinstance(problem, NotFoundError) for problem in problems)
    return Outdated(handle, locked, "gone" if is_gone else "unknown", reason=problems[-1].problem)


def _answers(place: Place, settings: Settings) -> tuple[str | None, str | None]:
    """The latest version and why the locked one was withdrawn; None for what the place does not know."""
    from tensorflow_hub.resolving.sources.session import open_source_session, reading_answers

    source, location = place
    unversioned, latest, reason = _unversioned(place), None, None
    with (
        open_source_session(source, location, settings, what=location.name) as session,
        reading_answers(source),
    ):
        if unversioned is not None:
            with contextlib.suppress(NotFoundError):  # all other versions are withdrawn or deleted
                latest = source.latest(unversioned, session)
        try:
            reason = source.withdrawal(location, session)
        except NotFoundError:
            raise
        except RequestError:  # the server does not support the question
            pass
    return latest, reason


def _compared(handle: str, locked: str, place: Place, version: str | None, withdrawn: str | None) -> Outdated:
    unversioned, latest = _unversioned(place), ""
    if version is not None and unversioned is not None:
        latest = place.source.at_version(unversioned, version).name
    newer = latest if _number(latest) > _number(place.location.name) else ""
    if withdrawn is not None:
        return Outdated(handle, locked, "withdrawn", newer, withdrawn)
    silence = "" if latest else "its source does not tell which version is the latest"
    return Outdated(handle, locked, "newer" if newer else "current", newer, silence)


def _unversioned(place: Place) -> Location | None:
    """The location without its version; None where it has no version."""
    name = place.location.name
    found = place.source.parse(_VERSION.sub("", name)) if _VERSION.search(name) else None
    return None if found is None or found.is_fixed else found


def _number(name: str) -> int:
    found = _VERSION.search(name)
    return int(found[1]) if found else 0
