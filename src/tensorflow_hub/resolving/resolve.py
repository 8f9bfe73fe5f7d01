"""`hub.resolve`: the local directory of a handle."""

from __future__ import annotations

import dataclasses
import logging
import os
import re

from tensorflow_hub.errors import (
    DigestError,
    HandleError,
    NotFoundError,
    OfflineError,
    RequestError,
    TrustError,
    UnreachableError,
)
from tensorflow_hub.handles import ModelName, PathHandle, UrlHandle, as_model_name, parse_handle
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, find_foreign
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.lock_file import LockedModule, load_lock_file
from tensorflow_hub.resolving.mirrors import mirrors_of, places_of_path
from tensorflow_hub.resolving.sources.added_resolvers import directory_of_added
from tensorflow_hub.resolving.sources.source import Place
from tensorflow_hub.resolving.sources.table import known_names, locate
from tensorflow_hub.resolving.trust_file import Requirement, load_trust_file, required_of
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")


@dataclasses.dataclass(frozen=True)
class ResolvedModule:
    """The module of a handle.

    Attributes:
      handle: the full handle.
      path: the local directory.
      origin: how it was found: "local", "cache" or "download".
      manifest: the files of the directory; None for a directory that the user named.
    """

    handle: str
    path: str
    origin: str
    manifest: Manifest | None = None


def resolve(handle: str | os.PathLike[str]) -> str:
    """Returns the local directory of a module, which is downloaded if it is not in the cache.

    Args:
      handle: a directory; an archive file (`x.tar.gz`); a URL of a module on a hub or of an archive on a web
        server; a URL of tfhub.dev; `kaggle://…`, `hf://…` or a URL of these services; `gs://…` or
        `s3://…`; or `publisher/model/version` on the hub in `TFHUB_URL`.

    Returns:
      The path of the directory. Do not write into it, because other programs use it, too.

    Raises:
      HandleError: `handle` is none of these.
      NotFoundError: there is no such module.
      UnreachableError, DownloadError, OfflineError: the module is not in the cache and cannot be downloaded.
      ArchiveError, DigestError: the download is damaged, or does not have the expected digest.
      TrustError: the module is not signed as the trust file requires.
      CacheError: the cache cannot be written.

    Example:
      >>> import tensorflow_hub as hub
      >>> hub.resolve("no/such/directory/./here")  # doctest: +IGNORE_EXCEPTION_DETAIL
      Traceback (most recent call last):
      NotFoundError: ...
    """
    return resolve_module(handle).path


def resolve_module(
    handle: str | os.PathLike[str],
    settings: Settings | None = None,
    *,
    locked: bool = True,
    trusted: bool = True,
) -> ResolvedModule:
    """As `resolve`, but also returns how the directory was found, and its files.

    Args:
      handle: as for `resolve`.
      settings: the settings; by default those of the environment.
      locked: whether to use a lock file.
      trusted: whether to use a trust file; without it, do not run anything of the module.
    """
    settings = settings or Settings.from_environment()
    added = directory_of_added(handle)
    if added is not None:
        if trusted:
            _refuse_unsigned(handle, settings)
        return ResolvedModule(os.fspath(handle), added, "local")
    parsed = parse_handle(handle)
    if isinstance(parsed, PathHandle):
        found = _resolve_path(parsed, settings, locked=locked, trusted=trusted)
    else:
        lock = _lock_of(parsed.url, settings) if locked else None
        found = _resolve_url(parsed.url, settings, lock, trusted=trusted)
    _log.debug("Resolved %s to %s (%s)", handle, found.path, found.origin)
    return found


def _resolve_path(handle: PathHandle, settings: Settings, *, locked: bool, trusted: bool) -> ResolvedModule:
    path = os.path.expanduser(handle.path)
    if os.path.isdir(path):
        return ResolvedModule(path, path, "local")
    if os.path.isfile(path):
        from tensorflow_hub.resolving.transfer.archive_file import resolve_archive_file

        return _from_cache(*resolve_archive_file(path, settings))
    moved = _at_new_place(path, settings, locked=locked, trusted=trusted)
    if moved is not None:
        return moved
    name = as_model_name(handle.path)
    if name is None:
        raise NotFoundError(
            f"There is no directory or archive at {handle.path!r:.200}.", hint=hint_for_path(handle.path)
        )
    url = f"{settings.hub.rstrip('/')}/{name}"
    try:
        return resolve_module(url, settings, locked=locked, trusted=trusted)
    except NotFoundError as problem:
        raise NotFoundError(
            f"There is no directory {handle.path!r} here, and: {problem.problem}", hint=problem.hint
        ) from problem
    except (UnreachableError, OfflineError, RequestError) as problem:
        raise type(problem)(
            f"There is no directory {handle.path!r} here, and as a name on a hub: {problem.problem}",
            hint=problem.hint,
        ) from problem


def _at_new_place(path: str, settings: Settings, *, locked: bool, trusted: bool) -> ResolvedModule | None:
    """The module at the places that TFHUB_MIRRORS names for its folder; None if it names none.

    Raises:
      NotFoundError: the module is at none of these places.
    """
    places = places_of_path(path, settings)
    for place in places:
        if isinstance(parse_handle(place), UrlHandle) or os.path.exists(place):
            return resolve_module(place, settings, locked=locked, trusted=trusted)
    if places:
        raise NotFoundError(
            f"There is no directory or archive at {path!r:.200}, nor where TFHUB_MIRRORS leads: "
            f"{', '.join(map(repr, places))}.",
            hint="Check the rule for this path in TFHUB_MIRRORS.",
        )
    return None


def hint_for_path(path: str) -> str:
    """The hint of the error for a path that does not exist: what the user probably meant."""
    slipped = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/*", path)
    if slipped and slipped[1].lower() in {"http", "https", *known_names()}:
        return f"Did you mean {slipped[1].lower() + '://' + path[slipped.end() :]!r:.200}?"
    segments = path.strip().split("/")
    if len(segments) > 1 and all(segments) and not path.startswith((".", "~")):
        try:
            ModelName.parse(path)
        except HandleError as problem:
            return f"As a name on a hub: {problem.problem}"
    if os.path.isabs(path) and len(path) < 200:
        return (
            f"Check the path. If the module is elsewhere now, say where: TFHUB_MIRRORS='{path} -> /new/path'."
        )
    return "Check the path; a module on a hub is named by its URL or as publisher/model/version."


def _lock_of(url: str, settings: Settings) -> LockedModule | None:
    """The entry of a handle in the lock file, for any spelling of the handle; None without a lock file."""
    lock = load_lock_file(settings)
    if lock is None:
        return None
    return lock.require(url if url in lock.modules else locate(url, settings).location.name)


def _resolve_url(
    url: str, settings: Settings, locked: LockedModule | None, *, trusted: bool = True
) -> ResolvedModule:
    """Finds the latest version, and the module in the cache or in other programs' caches; or downloads it.

    Without `trusted`, the caller checks the signature, under the handle that the user gave.
    """
    cache = Cache.from_settings(settings)
    digest = locked.digest if locked else None
    wanted = locked.latest if locked and locked.latest else url
    trust = load_trust_file(settings) if trusted else None
    required = trust.requirement(locate(wanted, settings).location.name) if trust else None
    found = cache.find(wanted)  # by the handle as written, under which another program may have cached it
    if found is not None and (required is None or required.name.version is not None):
        found = _checked(found, digest)
        return _from_cache(_signed(found, required, locate(wanted, settings), cache, settings), "cache")
    place = locate(wanted, settings)
    if locked is None and not place.location.is_fixed:
        from tensorflow_hub.resolving.latest import at_latest

        place = at_latest(place, places_of(place, settings), cache, settings)
    name = place.location.name
    required = trust.requirement(name) if trust else None
    found = cache.find(name) or find_foreign(place.source.folders(place.location), name)
    if found is not None:
        found = _checked(found, digest)
        return _from_cache(_signed(found, required, place, cache, settings), "cache")
    if settings.offline:
        raise _offline_error(place, cache, settings)
    found, origin = _fetched(place, cache, settings, digest, required)
    found = _checked(found, digest)
    return _from_cache(_signed(found, required, place, cache, settings), origin)


def places_of(place: Place, settings: Settings) -> tuple[Place, ...]:
    """The places to download a module from: the mirrors of its handle, or else the place itself."""
    location = place.location
    mirrors = mirrors_of(location.name, settings) or mirrors_of(location.handle, settings)
    return tuple(locate(mirror, settings) for mirror in mirrors) or (place,)


def _fetched(
    place: Place, cache: Cache, settings: Settings, digest: str | None, required: Requirement | None
) -> tuple[CachedModule, str]:
    """The downloaded module. If another process downloads it, waits for that."""
    from tensorflow_hub.resolving.cache.staging import staged_install

    name = place.location.name

    def fill(staging: str) -> Manifest:
        # Imported only by the process that downloads.
        from tensorflow_hub.resolving.fetch import fetch
        from tensorflow_hub.resolving.transfer.job import Job
        from tensorflow_hub.resolving.transfer.progress import shown_progress

        with shown_progress(name, settings) as progress:
            job = Job(name, staging, cache, settings, progress, refer, digest, required)
            if cache.remote:
                from tensorflow_hub.resolving.remote_cache import take_from_remote

                manifest = take_from_remote(cache.remote, job)
                if manifest is not None:
                    return manifest
            return fetch(places_of(place, settings), job)

    def refer(handle: str) -> CachedModule:
        found = _resolve_url(handle, settings, None, trusted=False)
        assert found.manifest is not None, "what is cached has a manifest"
        return CachedModule(found.path, found.manifest)

    found, origin = staged_install(cache, name, fill)
    if cache.remote and origin == "download" and found.manifest.source != cache.remote:
        from tensorflow_hub.resolving.remote_cache import put_to_remote

        put_to_remote(cache.remote, found)
    return found, origin


def _checked(found: CachedModule, digest: str | None) -> CachedModule:
    """The module, after comparing it with the lock file.

    Raises:
      DigestError: it has another digest.
    """
    if digest is None:
        return found
    from tensorflow_hub.resolving.cache.verification import with_digest

    found = with_digest(found)
    if found.manifest.digest != digest:
        raise DigestError(
            f"Expected {found.manifest.handle!r} with the locked digest {digest}, "
            f"got {found.manifest.digest} in {found.path!r}.",
            hint="Check with `tfhub cache verify`; `tfhub cache clear HANDLE` makes room to fetch it again.",
        )
    return found


def _signed(
    found: CachedModule, required: Requirement | None, place: Place, cache: Cache, settings: Settings
) -> CachedModule:
    """The module, when it is signed as the trust file requires.

    Raises:
      TrustError: it is not.
    """
    if required is None:
        return found
    from tensorflow_hub.resolving.signatures import check_signed

    def ask() -> list[str]:
        from tensorflow_hub.resolving.sources.session import open_source_session

        texts: list[str] = []
        for source, location in () if settings.offline else places_of(place, settings):
            with open_source_session(source, location, settings, what=location.name) as session:
                texts += source.signatures(location, session)
        return texts

    return check_signed(
        found, required, ask, may_write=found.path == cache.module_path(found.manifest.handle)
    )


def _refuse_unsigned(handle: str | os.PathLike[str], settings: Settings) -> None:
    """Raises for a handle that needs a signature, where a resolver that a program added has none."""
    parsed = parse_handle(handle)
    if isinstance(parsed, UrlHandle) and required_of(parsed.url, settings) is not None:
        raise TrustError(
            f"Expected {parsed.url!r} with a signature, got it from a resolver of this program, without one.",
            hint="Remove the resolver, or change the trust file.",
        )


def _offline_error(place: Place, cache: Cache, settings: Settings) -> OfflineError:
    """The error for a handle that is not in the cache while `TFHUB_OFFLINE` is set."""
    asked = (place.location.name for place in places_of(place, settings))
    return OfflineError(
        f"{place.location.name!r} is not in the cache {cache.root!r}, and TFHUB_OFFLINE forbids to "
        f"fetch {' or '.join(asked)}.",
        hint="Unset TFHUB_OFFLINE, or bring the module along: `tfhub cache export`, `tfhub cache import`.",
    )


def _from_cache(found: CachedModule, origin: str) -> ResolvedModule:
    return ResolvedModule(found.manifest.handle, found.path, origin, found.manifest)
