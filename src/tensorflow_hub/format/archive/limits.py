"""Limits for archives from untrusted sources: sizes, counts and compression ratios."""

from __future__ import annotations

import dataclasses
import os
import shutil


@dataclasses.dataclass(frozen=True)
class ArchiveLimits:
    """Limits that are checked while an archive or its index is read.

    Attributes:
      total_bytes: the most bytes of all files together, unpacked.
      files: the most files and directories.
      path_bytes: the most bytes of a path in UTF-8. A single name may have 255.
      depth: the most directories inside of each other.
      ratio: the most unpacked bytes for each packed byte. Zeros reach 1,032, weights 1.1, vocabularies 10.
      ratio_free_bytes: the number of unpacked bytes up to which `ratio` is not checked, so that a module
        whose weights are all zeros is accepted.
      index_bytes: the most bytes of the JSON index.
      segments: the most segments in an index.
      portable_names: whether to refuse names that Windows does not allow (`con`, `a:b`, a trailing dot).
        Names with control characters or a backslash are always refused.
      padding_bytes: the most zeros after the end of the archive. Some writers fill up the last block.
      gzip_members: the number of members of a gzip stream up to which `gzip_member_bytes` is not checked.
      gzip_member_bytes: the smallest average size of gzip members, packed. Each member takes time, however
        small it is.
      advice: the hint of the error about too many bytes or files; "" for the default hint.
    """

    total_bytes: int = 64 << 30
    files: int = 50_000
    path_bytes: int = 1024
    depth: int = 32
    ratio: int = 100
    ratio_free_bytes: int = 256 << 20
    index_bytes: int = 64 << 20
    segments: int = 200_000
    portable_names: bool = True
    padding_bytes: int = 1 << 20
    gzip_members: int = 1_000
    gzip_member_bytes: int = 1 << 10
    advice: str = ""


DEFAULT_LIMITS = ArchiveLimits()


def free_space(directory: str | os.PathLike[str]) -> int | None:
    """The free bytes on the disk of a directory; None if unknown, as on some network file systems."""
    try:
        usage = shutil.disk_usage(directory)
    except OSError:
        return None
    return usage.free if usage.total else None
