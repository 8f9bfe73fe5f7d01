"""The places where `resolve` looks for a handle, in its order. Nothing is downloaded."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence

from tensorflow_hub.errors import HubError, OfflineError
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.handles import PathHandle, as_model_name, parse_handle
from tensorflow_hub.resolving.cache.layout import Cache, find_foreign
from tensorflow_hub.resolving.latest import at_latest
from tensorflow_hub.resolving.lock_file import load_lock_file
from tensorflow_hub.resolving.mirrors import places_of_path
from tensorflow_hub.resolving.resolve import places_of
from tensorflow_hub.resolving.sources.session import SourceSession, open_source_session
from tensorflow_hub.resolving.sources.source import FAILURES, Place
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.resolving.transfer import offers
from tensorflow_hub.settings import Settings

NOT_ASKED = "It was not asked."
_DEEPEST = 3  # references from one handle to another


@dataclasses.dataclass(frozen=True)
class Stop:
    """A place where `resolve` looks for a module.

    Attributes:
      kind: "path", "lock file", "cache", "cache of another program", "mirror" or "source".
      place: a path, a URL or a handle.
      has_module: whether it has the module; None if that is not known, or if it is a lock file.
      answer: what was found there, or why not, in a few words.
      hint: what to do about a source that failed; "" for none.
    """

    kind: str
    place: str
    has_module: bool | None
    answer: str
    hint: str = ""


def stops_of(handle: str, settings: Settings, *, ask: bool = True) -> Iterator[Stop]:
    """The places where `resolve` looks for a module.

    Args:
      handle: as for `resolve`.
      settings: the settings of the process.
      ask: whether to ask the sources over the network. The requests download no module. If False, and with
        `TFHUB_OFFLINE`, the sources are listed without their answers.

    Raises:
      HandleError: `handle` is malformed.
    """
    yield from _stops(handle, settings if ask else dataclasses.replace(settings, offline=True), _DEEPEST)


def _stops(handle: str, settings: Settings, depth: int) -> Iterator[Stop]:
    parsed = parse_handle(handle)
    if not isinstance(parsed, PathHandle):
        yield from _stops_of_url(parsed.url, settings, depth)
        return
    path = os.path.expanduser(parsed.path)
    here = os.path.exists(path)
    yield Stop("path", path, here, "It is here." if here else "There is no such file or folder.")
    if here or not depth:
        return
    for place in places_of_path(path, settings):
        yield from _stops(place, settings, depth - 1)
    name = as_model_name(parsed.path)
    if name is not None:
        yield from _stops_of_url(f"{settings.hub.rstrip('/')}/{name}", settings, depth)


def _stops_of_url(url: str, settings: Settings, depth: int) -> Iterator[Stop]:
    cache, place = Cache.from_settings(settings), locate(url, settings)
    lock = load_lock_file(settings)
    locked = lock and (lock.modules.get(url) or lock.modules.get(place.location.name))
    if lock is not None:
        answer = f"It is locked to {locked.digest}." if locked else "It is not in there."
        yield Stop("lock file", lock.path, None if locked else False, answer)
    if locked and locked.latest:
        place = locate(locked.latest, settings)
    elif not place.location.is_fixed:
        try:
            place = _at_latest(place, cache, settings)
        except HubError as problem:
            yield Stop("source", url, False, problem.problem, problem.hint)
            return
    name = place.location.name
    found = cache.find(url) or cache.find(name)
    answer = f"It is in {found.path}." if found else f"{name} is not there."
    yield Stop("cache", cache.root, bool(found), answer)
    for folder in place.source.folders(place.location):
        whole = find_foreign([folder], name) is not None
        answer = "It is there." if whole else "It is not there, or not whole."
        yield Stop("cache of another program", folder, whole, answer)
    for asked in places_of(place, settings):
        yield from _stops_of_source(asked, "source" if asked is place else "mirror", settings, depth)


def _at_latest(place: Place, cache: Cache, settings: Settings) -> Place:
    """The place of the latest version. If no source may be asked, that of the stored answer."""
    place = at_latest(place, places_of(place, settings), cache, settings)
    if settings.offline and not place.location.is_fixed:
        with contextlib.suppress(HubError), _session(place, settings) as session:
            version = place.source.latest(place.location, session)
            if version is not None:
                return Place(place.source, place.source.at_version(place.location, version))
    return place


def _session(place: Place, settings: Settings) -> SourceSession:
    return open_source_session(place.source, place.location, settings, what=place.location.handle, hurry=True)


def _stops_of_source(place: Place, kind: str, settings: Settings, depth: int) -> Iterator[Stop]:
    with _session(place, settings) as session:
        for candidate in place.source.candidates(place.location, session):
            try:
                offer = candidate.open()
            except OfflineError:
                yield Stop(kind, candidate.place, None, NOT_ASKED)
            except FAILURES as problem:
                yield Stop(kind, candidate.place, False, problem.problem, problem.hint)
            else:
                if not isinstance(offer, offers.Referral) or offer.warning or offer.handle != candidate.place:
                    yield _answer(offer, kind, candidate.place)
                if isinstance(offer, offers.Referral) and depth:
                    yield from _stops(offer.handle, settings, depth - 1)


def _answer(offer: offers.Offer, kind: str, place: str) -> Stop:
    """The answer of a source in words. The body of its answer is not read."""
    match offer:
        case offers.Archive(response=response):
            response.close()
            length = response.headers.get("Content-Length", "")
            size = f" of {int(length):,} bytes" if length.isdecimal() else ""
            return Stop(kind, place, True, f"It has an archive{size}.")
        case offers.IndexedArchive(index=index):
            return Stop(kind, place, True, f"It has {_counted(index.files)}.")
        case offers.FileList(files=files):
            return Stop(kind, place, True, f"It has {_counted(files)}.")
        case offers.Referral(handle=handle, warning=warning):
            return Stop(kind, place, None, warning or f"It leads to {handle}.")
        case offers.BucketDirectory(url=url):
            return Stop(kind, place, None, f"It is said to be in {url}.")
        case offers.OwnTransfer():
            return Stop(kind, place, None, "It brings it by a protocol of its own.")


def _counted(files: Sequence[FileEntry | offers.RemoteFile]) -> str:
    many = "" if len(files) == 1 else "s"
    return f"{len(files):,} file{many} of {sum(file.size for file in files):,} bytes"
