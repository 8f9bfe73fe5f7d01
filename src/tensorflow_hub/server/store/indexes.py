"""The indexes of stored archives, which this hub made itself or checked when they were published."""

from __future__ import annotations

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.server.store.interface import Store, index_key

# An archive stays readable when the settings become stricter after it was published.
_LIMITS = ArchiveLimits(total_bytes=1 << 62, files=10_000_000, index_bytes=1 << 30, segments=100_000_000)


def read_index(store: Store, archive_sha256: str) -> ArchiveIndex:
    """The index of a stored archive, which has to be about it.

    Raises:
      FileNotFoundError: it is absent.
      ArchiveError: it is damaged.
    """
    index = ArchiveIndex.from_json(b"".join(store.read(index_key(archive_sha256))), _LIMITS)
    if index.archive_sha256 != archive_sha256:
        raise ArchiveError("The index is of another archive.", hint="Restore it from a backup.")
    return index
