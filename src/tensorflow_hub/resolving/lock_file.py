"""The lock file `tfhub.lock`: the digests that the modules of a project must have.

    {"format": 1,
     "modules": {"https://hub.example/acme/text/1": {"digest": "sha256:…"},
                 "https://hub.example/acme/image": {"digest": "sha256:…", "latest": "https://…/image/3"}}}

With a lock file, other handles are refused, and a handle without a version always gives the locked version.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from tensorflow_hub.errors import DigestError, SettingsError
from tensorflow_hub.settings import Settings
from tensorflow_hub.whole_file import whole_file

FILE_NAME = "tfhub.lock"
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class LockedModule:
    """The entry of a handle in a lock file.

    Attributes:
      digest: the digest of the module's content, `sha256:…`.
      latest: for a handle without a version, the handle with the locked version; else "".
    """

    digest: str
    latest: str = ""


@dataclasses.dataclass(frozen=True)
class LockFile:
    """A lock file: full handle → its entry."""

    path: str
    modules: dict[str, LockedModule]

    def require(self, handle: str) -> LockedModule:
        """The entry of a handle.

        Raises:
          DigestError: the handle has no entry.
        """
        if handle not in self.modules:
            raise DigestError(
                f"{handle!r} is not in the lock file {self.path!r}.",
                hint=f"Add it with `tfhub lock {handle}`, or unset TFHUB_LOCKFILE and move the file away.",
            )
        return self.modules[handle]


def lock_file_path(settings: Settings) -> str:
    """The path of the lock file, whether it exists or not."""
    return os.path.expanduser(settings.lockfile) or FILE_NAME


def load_lock_file(settings: Settings) -> LockFile | None:
    """The lock file that is in use; None if there is none.

    Raises:
      SettingsError: the file is malformed, or `TFHUB_LOCKFILE` names a file that does not exist.
    """
    path = lock_file_path(settings)
    if not settings.lockfile and not os.path.isfile(path):
        return None
    return read_lock_file(path)


def read_lock_file(path: str) -> LockFile:
    """Reads a lock file.

    Raises:
      SettingsError: the file does not exist or is malformed.
    """
    try:
        with open(path, encoding="utf-8") as file:
            value: dict[str, Any] = json.load(file)
        if value["format"] != FORMAT:
            raise ValueError(f"its format is {value['format']!r}, expected {FORMAT}")
        modules = {
            handle: LockedModule(str(entry["digest"]), str(entry.get("latest", "")))
            for handle, entry in value["modules"].items()
        }
    except OSError as error:
        raise SettingsError(
            f"The lock file {path!r} cannot be read: {error.strerror}.",
            hint="Make one with `tfhub lock HANDLE …`.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise SettingsError(
            f"The file {path!r} is not a lock file: {reason}.",
            hint="Make it again with `tfhub lock HANDLE …`.",
        ) from error
    return LockFile(path, modules)


def write_lock_file(lock: LockFile) -> None:
    """Writes a lock file, complete or not at all. It is sorted, for short diffs in version control."""
    modules = {}
    for handle, entry in sorted(lock.modules.items()):
        modules[handle] = {"digest": entry.digest, **({"latest": entry.latest} if entry.latest else {})}
    document = json.dumps({"format": FORMAT, "modules": modules}, indent=2, ensure_ascii=False) + "\n"
    try:
        with whole_file(lock.path) as file:
            file.write(document.encode())
    except OSError as error:
        raise SettingsError(
            f"The lock file {lock.path!r} cannot be written: {error.strerror}.",
            hint="Name another file, by TFHUB_LOCKFILE or `tfhub lock --file`.",
        ) from error
