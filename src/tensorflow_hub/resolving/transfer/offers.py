"""What a source can offer for a handle. `resolving/fetch.py` has each of these transferred."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.format.archive.index import ArchiveIndex

# The digests that a source may give, each in hex: SHA-256; MD5 and CRC-32C, as Google's storage has them; the
# SHA-1 of a file in Git (of `blob <size>\0` and the content).
CHECKSUMS = ("sha256", "git-sha1", "md5", "crc32c")


@dataclasses.dataclass(frozen=True)
class Archive:
    """One archive (tar.gz, tar or zip), unpacked while it comes.

    Attributes:
      response: the answer with the archive, of which only the head was read. After a break the rest is asked
        for at the same place; when that refuses, at the URL that had redirected there.
      unwrap: a folder around the module is taken away, as many people pack theirs.
    """

    response: requests.Response
    unwrap: bool = False


@dataclasses.dataclass(frozen=True)
class IndexedArchive:
    """An archive of a hub of ours, whose index says which of its bytes fill which part of which file.

    Attributes:
      index: the checked index.
      location: where parts of the archive are asked for: what answered with the index, after redirects.
      url: where the whole archive is asked for when that server sends no parts.
      headers: to get the archive there, not its index.
    """

    index: ArchiveIndex
    location: str
    url: str
    headers: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file of a module that is fetched for itself.

    Attributes:
      path: in the module, with `/`. It is checked before anything is written.
      size: bytes; another size is refused.
      url: where it is. A redirect is followed; long files are fetched in parts.
      checksums: kind (see `CHECKSUMS`) → hex digest. Where there are none, those in the headers of the answer
        are compared (`x-goog-hash`).
    """

    path: str
    size: int
    url: str
    checksums: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FileList:
    """A module as single files, fetched at the same time, each verified."""

    files: tuple[RemoteFile, ...]


# The schemes of object stores.
STORES = ("gs", "s3", "s3a", "az", "azure", "abfs", "abfss")


@dataclasses.dataclass(frozen=True)
class BucketDirectory:
    """A directory or an archive in an object store; its keys come from the environment."""

    url: str


@dataclasses.dataclass(frozen=True)
class Referral:
    """The module lies under another handle, of any source.

    Attributes:
      handle: that one. It is cached under its own name too: both share the files.
      warning: a sentence for the user when the module is taken from there; "" for none.
    """

    handle: str
    warning: str = ""


@dataclasses.dataclass(frozen=True)
class OwnTransfer:
    """A source that brings the bytes itself, for protocols other than HTTP.

    Attributes:
      fetch: writes the module into the empty directory it is given. What lies there afterwards is checked and
        hashed as an archive is.
    """

    fetch: Callable[[str], None]


Offer = Archive | IndexedArchive | FileList | BucketDirectory | Referral | OwnTransfer
