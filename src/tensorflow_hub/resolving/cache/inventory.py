"""The modules in a cache: listing, finding and removing them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

from tensorflow_hub.errors import CacheError
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, cache_error, discard, key_of
from tensorflow_hub.resolving.cache.manifest import (
    Manifest,
    is_complete,
    list_files,
    read_manifest,
    remove_manifest,
)

_KEY = re.compile(r"[0-9a-f]{40}")
# What processes that ended left: unfinished manifests and documentation, locks of manifests, and downloads
# and locks of earlier releases, which would wait for these processes.
_UNFINISHED = re.compile(
    r"\.(?:manifest|documentation)-.*|[0-9a-f]{40}\.(?:[0-9a-f]{32}\.tmp|lock|manifest\.json\.lock.*)"
)
_ABANDONED_AFTER = 24 * 3600.0


@dataclasses.dataclass(frozen=True)
class CacheEntry:
    """A directory of the cache.

    Attributes:
      handle: the handle of the module; "" if another program cached it without recording the handle.
      path: the directory.
      size: the size of its files in bytes. Files that several modules share count for each of them.
      files: the number of files.
      used: the time of the last use, in seconds since 1970, exact to an hour.
      complete: whether all files are there.
      digest: the digest of the content; None if it is not known.
    """

    handle: str
    path: str
    size: int
    files: int
    used: float
    complete: bool
    digest: str | None


def list_cache(cache: Cache) -> list[CacheEntry]:
    """The modules of the writable cache, the most recently used first; empty if there is no cache yet.

    Raises:
      CacheError: the cache cannot be read, or is not a directory.
    """
    entries = (_read_entry(cache, name) for name in _keys(cache.root))
    return sorted((entry for entry in entries if entry is not None), key=lambda entry: -entry.used)


def find_entry(cache: Cache, handle: str) -> CacheEntry | None:
    """The entry for a full handle, or for the name of a directory. The module may be incomplete."""
    name = handle if _KEY.fullmatch(handle) else key_of(handle)
    return _read_entry(cache, name)


def as_module(entry: CacheEntry) -> CachedModule:
    """The module of an entry, for `verification`."""
    manifest = read_manifest(entry.path + ".manifest.json")
    if manifest is None:
        manifest = Manifest(entry.handle, "", None, None, "", list_files(entry.path))
    return CachedModule(entry.path, manifest)


def remove_entry(cache: Cache, entry: CacheEntry) -> None:
    """Removes a module. Programs that are reading it fail."""
    discard(cache, entry.path)
    with contextlib.suppress(OSError):
        remove_manifest(entry.path + ".manifest.json")
    for other in (
        entry.path + ".documentation.json",
        entry.path + ".descriptor.txt",
        os.path.join(cache.root, ".tfhub", "indexes", os.path.basename(entry.path) + ".json"),
    ):
        with contextlib.suppress(OSError):
            os.unlink(other)


def replace_entry(cache: Cache, entry: CacheEntry, fetch: Callable[[], object]) -> None:
    """Replaces a module by the one that `fetch` downloads. If `fetch` fails, the old module is put back."""
    aside = cache.work_path("trash", uuid.uuid4().hex)
    try:
        os.rename(entry.path, aside)
    except FileNotFoundError:  # there is only a manifest
        pass
    except OSError as error:
        raise cache_error(error, entry.path) from error
    try:
        fetch()
    except BaseException:
        with contextlib.suppress(OSError):
            os.rename(aside, entry.path)
        raise
    discard(cache, aside)


def remove_unused(cache: Cache, entry: CacheEntry) -> bool:
    """Removes a module if nobody used or repaired it since it was listed. Returns whether it was removed."""
    if _entry(entry.path, read_manifest(entry.path + ".manifest.json")) != entry:
        return False
    remove_entry(cache, entry)
    return True


def entries_to_prune(
    entries: Sequence[CacheEntry], *, older_than: float | None, max_size: int | None, now: float | None = None
) -> list[CacheEntry]:
    """The entries to remove: incomplete ones, old ones, and the least recently used ones until the rest fits.

    Args:
      entries: the result of `list_cache`.
      older_than: entries not used for so many seconds are removed; None for no such limit.
      max_size: the largest size of the remaining entries in bytes; None for no such limit.
      now: the time in seconds since 1970.
    """
    now = time.time() if now is None else now
    going = [entry for entry in entries if not entry.complete]
    staying = [entry for entry in entries if entry.complete]
    if older_than is not None:
        going += [entry for entry in staying if now - entry.used > older_than]
        staying = [entry for entry in staying if now - entry.used <= older_than]
    if max_size is not None:
        total = sum(entry.size for entry in staying)
        for entry in sorted(staying, key=lambda entry: entry.used):
            if total <= max_size:
                break
            going.append(entry)
            total -= entry.size
    return going


def abandoned_paths(cache: Cache, now: float | None = None) -> list[str]:
    """Temporary files that nobody changed for a day, and records about modules that were removed."""
    now = time.time() if now is None else now
    work = os.path.join(cache.root, ".tfhub")

    def is_old(path: str) -> bool:
        signs = (path, os.path.join(path, "beat"), os.path.join(path, "journal"))
        return now - max(map(_mtime, signs)) > _ABANDONED_AFTER

    under_way = [*_scan(os.path.join(work, "staging")), *_scan(os.path.join(work, "locks"))]
    unfinished = [entry for entry in _scan(cache.root) if _UNFINISHED.fullmatch(entry.name)]
    return [
        *(entry.path for entry in _scan(os.path.join(work, "trash"))),
        *(entry.path for entry in (*under_way, *unfinished) if is_old(entry.path)),
        *(
            entry.path
            for entry in _scan(os.path.join(work, "indexes"))
            if not os.path.isdir(os.path.join(cache.root, entry.name.partition(".")[0]))
        ),
    ]


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _read_entry(cache: Cache, name: str) -> CacheEntry | None:
    path = os.path.join(cache.root, name)
    manifest = read_manifest(path + ".manifest.json")
    return None if manifest is None and not os.path.isdir(path) else _entry(path, manifest)


def _entry(path: str, manifest: Manifest | None) -> CacheEntry:
    if manifest is None:
        files = list_files(path)
        size = sum(file.size for file in files)
        return CacheEntry(_noted_handle(path), path, size, len(files), _mtime(path), bool(files), None)
    complete = is_complete(path, manifest)
    used = _mtime(path + ".manifest.json")
    return CacheEntry(
        manifest.handle, path, manifest.size, len(manifest.files), used, complete, manifest.digest
    )


def _noted_handle(path: str) -> str:
    """The handle in the text file that earlier releases of this library wrote beside a directory."""
    with (
        contextlib.suppress(OSError),
        open(path + ".descriptor.txt", encoding="utf-8", errors="replace") as file,
    ):
        match = re.search(r"^Module: (.+)$", file.read(4096), re.MULTILINE)
        if match and key_of(match[1].strip()) == os.path.basename(path):
            return match[1].strip()
    return ""


def _keys(root: str) -> Iterator[str]:
    try:
        names = {name.partition(".")[0] for name in os.listdir(root)}
    except FileNotFoundError:
        return
    except OSError as error:
        raise CacheError(
            f"The cache {root!r} cannot be read: {error.strerror}.",
            hint="Set TFHUB_CACHE_DIR to another directory.",
        ) from error
    yield from (name for name in names if _KEY.fullmatch(name))


def _mtime(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
