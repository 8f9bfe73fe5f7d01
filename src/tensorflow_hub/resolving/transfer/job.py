"""The arguments and results that all downloads have in common."""

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
from tensorflow_hub.resolving.trust_file import Requirement
from tensorflow_hub.settings import Settings


@dataclasses.dataclass(frozen=True)
class Job:
    """A module to download, and the directory to write it into.

    Attributes:
      handle: the name of the module in the cache.
      staging: the staging directory. Its folder `files` becomes the module.
      cache: the cache. Content that it has already is not downloaded.
      settings: the settings of the process.
      progress: counts the bytes.
      resolve: a function that returns the module of another handle, to which a source refers.
      digest: the digest of the lock file; None without one.
      required: the signature that the trust file requires; None if it requires none.
    """

    handle: str
    staging: str
    cache: Cache
    settings: Settings
    progress: DownloadProgress
    resolve: Callable[[str], CachedModule]
    digest: str | None = None
    required: Requirement | None = None

    @property
    def files(self) -> str:
        """The directory for the files of the module."""
        return os.path.join(self.staging, "files")

    @property
    def limits(self) -> ArchiveLimits:
        """The limits for sizes and numbers of files."""
        return limits_of(self.settings)

    def begin_anew(self) -> None:
        """Removes the files of an interrupted download, for a download that cannot continue it."""
        shutil.rmtree(self.files, ignore_errors=True)

    def check_digest(self, digest: str | None, expected: str | None = None) -> None:
        """Checks the digest of the module.

        Args:
          digest: the digest of the downloaded module.
          expected: the digest that the source named; by default the one of the lock file.

        Raises:
          DigestError: the digests are not equal.
        """
        expected = expected or self.digest
        if expected is not None and digest != expected:
            raise self.other_digest(str(digest), expected)

    def other_digest(self, got: str, expected: str | None = None) -> DigestError:
        """The error for a module with another digest than that of the lock file or the source."""
        return DigestError(
            f"Expected {self.handle!r} with the digest {expected or self.digest}, got {got}.",
            hint="What is published there was changed: find out why before you run `tfhub lock` again.",
        )

    def check_free_space(self, needed: int) -> None:
        """Checks that the disk of the cache has enough space.

        Raises:
          CacheError: less than `needed` bytes are free.
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
    """The files that were downloaded into `Job.files`.

    Attributes:
      files: all files with their digests.
      archive_sha256: the SHA-256 of the archive that they came in; None without an archive.
    """

    files: tuple[FileEntry, ...]
    archive_sha256: str | None = None
