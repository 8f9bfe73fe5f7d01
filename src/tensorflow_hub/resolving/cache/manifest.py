"""The manifest beside a cached module: the files that the directory must have to be complete.

    {"format": 1, "handle": "https://…", "source": "https://…", "digest": "sha256:…",
     "archive_sha256": "…" or null, "created": "2026-11-20T08:00:00+00:00",
     "files": [["saved_model.pb", 1234, "sha256 in hex"], …], "signatures": ["{…}", …]}

To use a cached module, its files are compared with the manifest by one `stat` each. Directories that other
programs put into the cache get a manifest when they are first used. It has sizes and no digests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import re
import stat
from typing import Any

from tensorflow_hub.resolving.cache.lease import lease
from tensorflow_hub.whole_file import whole_file

FORMAT = 1
_SHARD = re.compile(r"(.+)\.data-\d{5}-of-(\d{5})")


@dataclasses.dataclass(frozen=True)
class CachedFile:
    """A file of a cached module: its path with `/`, its size in bytes, and its SHA-256 if it is known."""

    path: str
    size: int
    sha256: str | None


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The files that a cached directory must have.

    Attributes:
      handle: the full handle, which gives the directory its name.
      source: the URL or path that the module was fetched from.
      digest: the digest of the content (`sha256:…`, see `module_digest`); None if it is not known.
      archive_sha256: the SHA-256 of the archive that it came in; None without an archive.
      created: the time of the download, in UTC (ISO 8601).
      files: all files.
      unflushed: the boot ID of the machine while the files may not be on the disk yet; see `durability`. Else
        "".
      signatures: envelopes with signed statements, if a trust file asked for them; verified at each use.
    """

    handle: str
    source: str
    digest: str | None
    archive_sha256: str | None
    created: str
    files: tuple[CachedFile, ...]
    unflushed: str = ""
    signatures: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(file.size for file in self.files)

    def to_json(self) -> bytes:
        """The content of the manifest file."""
        value = {"format": FORMAT, **dataclasses.asdict(self)}
        value["files"] = [[file.path, file.size, file.sha256] for file in self.files]
        if not self.signatures:  # as caches of before have it
            del value["signatures"]
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest | None:
        """Reads a manifest. None if it is damaged or of a later format; the module is then fetched again."""
        try:
            value: dict[str, Any] = json.loads(data)
            if value.pop("format") != FORMAT:
                return None
            files = tuple(CachedFile(path, size, digest) for path, size, digest in value.pop("files"))
            signatures = tuple(value.pop("signatures", ()))
            manifest = cls(**value, files=files, signatures=signatures)
            texts = [manifest.handle, manifest.source, manifest.created, manifest.unflushed]
            texts += [manifest.digest or "", manifest.archive_sha256 or "", *signatures]
            for file in files:
                texts += [file.path, file.sha256 or ""]
            is_right = all(isinstance(text, str) for text in texts)
            return manifest if is_right and all(isinstance(file.size, int) for file in files) else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


def now() -> str:
    """The current time as a text for manifests."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def read_manifest(path: str) -> Manifest | None:
    """Reads the manifest file at `path`; None if there is none, or it cannot be used."""
    try:
        with open(path, "rb") as file:
            return Manifest.from_json(file.read())
    except OSError:
        return None


def write_manifest(path: str, manifest: Manifest) -> None:
    """Writes the manifest to `path`, complete or not at all, even if the power fails."""
    with whole_file(path, prefix=".manifest-", durable=True) as file:
        file.write(manifest.to_json())


def change_manifest(path: str, known: Manifest, **fields: Any) -> None:
    """Changes fields of the manifest at `path`, unless it is now that of another download or of other files.

    The manifest is read, changed and written under a lock. Without it, two changes at the same time, of
    different fields, would undo each other: signatures from a bundle, while the files are flushed to disk.

    Raises:
      OSError: the manifest cannot be written.
    """
    with lease(path + ".lock", lambda: False):
        current = read_manifest(path)
        if current is not None and (current.created, current.files) == (known.created, known.files):
            write_manifest(path, dataclasses.replace(current, **fields))


def remove_manifest(path: str) -> None:
    """Removes the manifest at `path`, if there is one. A change at the same time does not bring it back.

    Raises:
      OSError: it cannot be removed.
    """
    with lease(path + ".lock", lambda: False), contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def is_complete(directory: str, manifest: Manifest) -> bool:
    """Whether each file exists with its size. Files are not read."""
    prefix = directory + os.sep
    for file in manifest.files:
        try:
            status = os.stat(prefix + file.path)
        except (OSError, ValueError):
            return False
        if status.st_size != file.size or not stat.S_ISREG(status.st_mode):
            return False
    return bool(manifest.files)


def list_files(directory: str) -> tuple[CachedFile, ...]:
    """All regular files of a directory with their sizes and without digests, sorted by path."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                status = os.stat(path)
                if stat.S_ISREG(status.st_mode):
                    relative = os.path.relpath(path, directory).replace(os.sep, "/")
                    found.append(CachedFile(relative, status.st_size, None))
    return tuple(sorted(found, key=lambda file: file.path))


def files_of_foreign(path: str) -> tuple[CachedFile, ...] | None:
    """The files of a directory that another program cached; None if files are obviously missing."""
    if not os.path.isdir(path):
        return None
    files = list_files(path)
    names = {file.path for file in files if file.size}
    if not names & {"saved_model.pb", "saved_model.pbtxt"}:
        # Not a SavedModel. Other formats have a main file. A TF1 module without its graph is damaged.
        whole = "tfhub_module.pb" not in names and any(
            name.endswith((".tflite", "model.json")) for name in names
        )
        return files if whole else None
    if os.path.isdir(os.path.join(path, "variables")) and not _has_all_shards(names):
        return None
    return files


def _has_all_shards(names: set[str]) -> bool:
    """Whether a checkpoint has its index file, and as many data files as their names say."""
    variables = {name for name in names if name.startswith("variables/")}
    if not variables:
        return True  # an empty folder, which some programs write for modules without variables
    matches = [match for match in map(_SHARD.fullmatch, variables) if match]
    if not matches:
        return False
    return all(
        f"{match[1]}.index" in variables
        and sum(1 for other in matches if (other[1], other[2]) == (match[1], match[2])) == int(match[2])
        for match in matches
    )
