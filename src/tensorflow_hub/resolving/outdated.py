"""What became of the modules of a lock file: withdrawn, gone, or with a newer version. Downloads nothing."""

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
# Sources are asked side by side: nearly all of the time is waiting.
_AT_ONCE = 8


@dataclasses.dataclass(frozen=True)
class Outdated:
    """What a source says of a locked module.

    Attributes:
      handle: as it stands in the lock file.
      locked: the handle with the version that it is locked to.
      state: the worst of what is known: `"gone"`, `"withdrawn"`, `"newer"`, else `"current"`; `"unknown"`
        where nobody answered.
      latest: the handle of the latest version, where that is another one; else "".
      reason: why it was withdrawn or deleted, or what went wrong; "" for nothing.
    """

    handle: str
    locked: str
    state: State
    latest: str = ""
    reason: str = ""


def find_outdated(lock: LockFile, settings: Settings) -> list[Outdated]:
    """Asks the source of each module of a lock file, several at once.

    Args:
      lock: the lock file.
      settings: those of the process.

    Returns:
      What became of each, in the order of the handles.
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
    """The name of the latest version; None where the source does not tell."""
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
    except NotFoundError:  # all others are withdrawn, or deleted
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
        except RequestError:  # a server that does not take the question
            return None


def _number(name: str) -> int:
    found = _VERSION.search(name)
    return int(found[1]) if found else 0
