"""Reusing content of other cached modules: files and segments with the same SHA-256."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from typing import NamedTuple

from tensorflow_hub.errors import DigestError, FormatError
from tensorflow_hub.format.archive.file_digests import digest_at
from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule
from tensorflow_hub.resolving.cache.manifest import Manifest, read_manifest
from tensorflow_hub.resolving.cache.verification import with_digest
from tensorflow_hub.resolving.transfer.staged_segments import StagedFiles

_MOST_MODULES = 200
_SMALLEST = 4096  # bytes; smaller content is downloaded faster than it is found
_FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file


class _Place(NamedTuple):
    """The place of content: a file of the cache, and a range of its bytes."""

    path: str
    start: int
    size: int


def index_path(cache: Cache, handle: str) -> str:
    """The path of the stored archive index of a cached module."""
    return os.path.join(
        cache.root, ".tfhub", "indexes", os.path.basename(cache.module_path(handle)) + ".json"
    )


def reuse_content(cache: Cache, handle: str, staged: StagedFiles) -> None:
    """Takes files and segments from other cached modules, after checking their content.

    Whole files are shared by a reflink or a hard link if possible, or else copied. Segments are copied.

    Args:
      cache: the cache.
      handle: the handle of the module that is downloaded. Other versions of the model are searched first.
      staged: the files. Segments that are found are removed from the missing ones.
    """
    _copy_from_duplicates(staged)
    places = _known_places(cache, handle, staged)
    _share_files(staged, places)
    segments = staged.index.segments
    # Most segments are new in most downloads, and a task for a thread costs more than to see that.
    known = [number for number in staged.missing_contents() if segments[number].sha256 in places]

    def copy(number: int) -> None:
        place = places[segments[number].sha256]
        if place.size == segments[number].size:
            _copy_segment(staged, number, place)

    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        collections.deque(pool.map(copy, known), maxlen=0)  # raises what a thread raised


def _copy_from_duplicates(staged: StagedFiles) -> None:
    """Copies missing segments from equal ones that an interrupted download has written."""
    for number in staged.missing_contents():
        present = next((n for n in staged.duplicates(number) if n not in staged.missing), None)
        if present is not None:
            segment = staged.index.segments[present]
            place = _Place(staged.path_of(segment.path), segment.start, segment.size)
            _copy_segment(staged, number, place)


def _share_files(staged: StagedFiles, places: dict[str, _Place]) -> None:
    """Takes whole files from their places."""
    numbers: dict[str, list[int]] = {}
    for number, segment in enumerate(staged.index.segments):
        numbers.setdefault(segment.path, []).append(number)
    for file in staged.index.files:
        place = places.get(file.sha256)
        missing = staged.missing.intersection(numbers.get(file.path, ()))
        if place is None or not missing or (place.start, place.size) != (0, file.size):
            continue
        if share_file(place.path, staged.path_of(file.path), file.sha256, file.size):
            staged.note_written(missing)


def share_file(source: str, target: str, sha256: str, size: int, *, link: bool = True) -> bool:
    """Makes `target` a file with the content of `source`, without a copy if the file system allows it.

    Args:
      source: a file that should have the content. It is checked.
      target: the path of the new file.
      sha256: the SHA-256 of the content.
      size: the size of the content in bytes.
      link: whether a hard link is allowed. It is not if another program may change the source later.
    """
    try:
        if os.stat(source).st_size != size or digest_at(source, 0, size) != sha256:
            return False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
        if not _reflink(source, target) and not (link and _hard_link(source, target)):
            shutil.copyfile(source, target)
    except OSError:
        return False
    return True


def share_module(module: CachedModule, target: str) -> tuple[FileEntry, ...]:
    """Makes `target` a directory with the files of a cached module. Each file is checked.

    Raises:
      DigestError: a file was changed after it was cached.
    """
    module = with_digest(module)
    entries = []
    for file in module.manifest.files:
        place = os.path.join(target, *file.path.split("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        assert file.sha256 is not None
        origin = os.path.join(module.path, *file.path.split("/"))
        if not share_file(origin, place, file.sha256, file.size, link=not module.is_foreign):
            raise DigestError(
                f"{file.path!r} of the cached {module.manifest.handle!r} is not what it was.",
                hint=f"Fetch it again: `tfhub cache verify {module.manifest.handle} --repair`.",
            )
        entries.append(FileEntry(file.path, file.size, file.sha256))
    return tuple(entries)


def _reflink(source: str, target: str) -> bool:
    """Makes a file that shares the blocks of another one, until one of them changes. Linux only."""
    try:
        import fcntl

        with open(source, "rb") as old, open(target, "wb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except (OSError, ImportError):
        with contextlib.suppress(OSError):
            os.unlink(target)
        return False
    return True


def _hard_link(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copy_segment(staged: StagedFiles, number: int, place: _Place) -> None:
    """Copies a segment and its duplicates from a place, if that has the right content."""
    try:
        with open(place.path, "rb", buffering=0) as file:
            file.seek(place.start)
            content = file.read(place.size)
    except OSError:
        return
    if hashlib.sha256(content).hexdigest() == staged.index.segments[number].sha256:
        staged.write(number, (memoryview(content),))


def _known_places(cache: Cache, handle: str, staged: StagedFiles) -> dict[str, _Place]:
    """The places of wanted content, by its SHA-256."""
    wanted = {
        segment.sha256
        for number, segment in enumerate(staged.index.segments)
        if number in staged.missing and segment.size >= _SMALLEST
    }
    wanted |= {file.sha256 for file in staged.index.files if file.size >= _SMALLEST} if wanted else set()
    places: dict[str, _Place] = {}
    for root, manifest in _cached_manifests(cache, handle):
        if not wanted:
            break
        directory = Cache(root).module_path(manifest.handle)
        for content, place in _contents(Cache(root), manifest, directory):
            if content in wanted:
                places[content] = place
                wanted.discard(content)
    return places


def _contents(cache: Cache, manifest: Manifest, directory: str) -> Iterator[tuple[str, _Place]]:
    """SHA-256 and place of each file of a cached module, and of each segment if its index is stored."""
    for file in manifest.files:
        if file.sha256 is not None:
            yield file.sha256, _Place(os.path.join(directory, *file.path.split("/")), 0, file.size)
    try:
        with open(index_path(cache, manifest.handle), "rb") as document:
            index = ArchiveIndex.from_json(document.read())
    except (OSError, FormatError, DigestError):
        return
    for segment in index.segments:
        path = os.path.join(directory, *segment.path.split("/"))
        yield segment.sha256, _Place(path, segment.start, segment.size)


def _cached_manifests(cache: Cache, handle: str) -> Iterator[tuple[str, Manifest]]:
    """The manifests of other cached modules, each with the directory of its cache.

    Other versions of the same model come first, then the modules that were used last.
    """
    found: list[tuple[bool, float, str, Manifest]] = []
    for root in (cache.root, *cache.tiers):
        with contextlib.suppress(OSError), os.scandir(root) as entries:
            last_used = sorted(
                (
                    (entry.stat().st_mtime, entry.path)
                    for entry in entries
                    if entry.name.endswith(".manifest.json")
                ),
                reverse=True,
            )
            for used, path in last_used[:_MOST_MODULES]:
                manifest = read_manifest(path)
                if manifest is not None and manifest.handle != handle:
                    is_other_model = manifest.handle.rpartition("/")[0] != handle.rpartition("/")[0]
                    found.append((is_other_model, -used, root, manifest))
    for _, _, root, manifest in sorted(found, key=lambda item: item[:3]):
        yield root, manifest
