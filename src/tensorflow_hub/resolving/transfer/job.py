"""What is fetched into where: what all transfers are given, and what they give back."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable

from tensorflow_hub.errors import CacheError, DigestError
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.limits import ArchiveLimits, free_space
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule
from tensorflow_hub.resolving.limits import limits_of
from tensorflow_hub.resolving.transfer.progress import DownloadProgress
from tensorflow_hub.settings import Settings


@dataclasses.dataclass(frozen=True)
class Job:
    """What is fetched into where.

    Attributes:
      handle: the name of the module in the cache.
      staging: the directory to fill; its folder `files` becomes the module.
      cache: the cache it is for: content that is there already is not fetched.
      settings: those of the process.
      progress: told about the bytes.
      resolve: gives the module of another handle, to which a source refers.
      digest: that the module must have, None when any will do.
    """

    handle: str
    staging: str
    cache: Cache
    settings: Settings
    progress: DownloadProgress
    resolve: Callable[[str], CachedModule]
    digest: str | None = None

    @property
    def files(self) -> str:
        """Where the files of the module go."""
        return os.path.join(self.staging, "files")

    @property
    def limits(self) -> ArchiveLimits:
        """What a module may be at most."""
        return limits_of(self.settings)

    def begin_anew(self) -> None:
        """Removes what an interrupted transfer left, for one that does not take it up."""
        shutil.rmtree(self.files, ignore_errors=True)

    def check_digest(self, digest: str | None, expected: str | None = None) -> None:
        """Compares the digest of the module.

        Args:
          digest: of what came.
          expected: what the source promised; by default what is locked.

        Raises:
          DigestError: it is another one.
        """
        expected = expected or self.digest
        if expected is not None and digest != expected:
            raise self.other_digest(str(digest), expected)

    def other_digest(self, got: str, expected: str | None = None) -> DigestError:
        """The error for a module that is not what was locked or promised."""
        return DigestError(
            f"Expected {self.handle!r} with the digest {expected or self.digest}, got {got}.",
            hint="What is published there was changed: find out why before you run `tfhub lock` again.",
        )

    def check_free_space(self, needed: int) -> None:
        """Looks whether the disk of the cache has room.

        Raises:
          CacheError: it has less than `needed` bytes.
        """
        free = free_space(self.staging)
        if free is not None and needed > free:
            raise CacheError(
                f"{self.handle!r} needs {needed / 1e6:,.1f} MB on the disk of the cache {self.cache.root!r}, "
                f"which has {free / 1e6:,.1f} MB left: the disk is full.",
                hint="Free space: `tfhub cache prune --max-size 10GB`; "
                "or set TFHUB_CACHE_DIR to another disk.",
            )


@dataclasses.dataclass(frozen=True)
class Received:
    """What a transfer brought into `Job.files`.

    Attributes:
      files: all of them, hashed.
      archive_sha256: of the archive they came in, where there was one.
    """

    files: tuple[FileEntry, ...]
    archive_sha256: str | None = None
