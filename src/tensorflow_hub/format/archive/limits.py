"""Limits for archives from untrusted sources: sizes, counts, ratios."""

from __future__ import annotations

import dataclasses
import os
import shutil


@dataclasses.dataclass(frozen=True)
class ArchiveLimits:
    """Limits that are checked while an archive or its index is read.

    Attributes:
      total_bytes: of all files together, unpacked.
      files: files and directories together.
      path_bytes: of one path in UTF-8; a single name in it has at most 255.
      depth: of directories within directories.
      ratio: unpacked bytes over packed ones. Deflate reaches 1,032 on zeros, weights 1.1, vocabularies 10.
      ratio_free_bytes: unpacked bytes from which on `ratio` is looked at: a module whose
        weights are all zeros packs 1,000 to 1 and is no bomb.
      index_bytes: of the JSON index.
      segments: in an index.
      portable_names: refuse names that Windows cannot hold (`con`, `a:b`, a trailing dot). Names with
        control characters or a backslash are refused always.
      padding_bytes: zeros that may follow the end of the archive: writers fill up to a block.
      gzip_members: of one stream, from which on `gzip_member_bytes` is looked at; tools that compress in
        parallel write several.
      gzip_member_bytes: that members have on average, packed: each costs time, however small it is.
      advice: what to do about too many bytes or files, for the one who set these limits; "" for the usual.
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
    """Free bytes on the disk of a directory; None if the file system (of a network, say) does not tell."""
    try:
        usage = shutil.disk_usage(directory)
    except OSError:
        return None
    return usage.free if usage.total else None
