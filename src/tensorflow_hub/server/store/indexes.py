"""Reads the indexes of stored archives. The hub made or checked them when the archives were published."""

from __future__ import annotations

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.server.store.interface import Store, index_key

# Not the limits of the settings: a stored archive stays readable if these become stricter.
_LIMITS = ArchiveLimits(total_bytes=1 << 62, files=10_000_000, index_bytes=1 << 30, segments=100_000_000)


def read_index(store: Store, archive_sha256: str) -> ArchiveIndex:
    """Returns the index of a stored archive.

    Raises:
      FileNotFoundError: there is no such index.
      ArchiveError: it is damaged, or it is the index of another archive.
    """
    index = ArchiveIndex.from_json(b"".join(store.read(index_key(archive_sha256))), _LIMITS)
    if index.archive_sha256 != archive_sha256:
        raise ArchiveError(
            f"Expected the index of the archive {archive_sha256}, got that of {index.archive_sha256}.",
            hint="Restore it from a backup.",
        )
    return index
