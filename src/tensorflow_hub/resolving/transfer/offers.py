"""Offers: the ways in which a source can give a module. `resolving/fetch.py` downloads each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.format.archive.index import ArchiveIndex

# The digests that a source may name, in hex: SHA-256; MD5 and CRC-32C (the storage of Google has these); the
# SHA-1 of a Git blob (of `blob <size>\0` and the content).
CHECKSUMS = ("sha256", "git-sha1", "md5", "crc32c")


@dataclasses.dataclass(frozen=True)
class Archive:
    """An archive (tar.gz, tar or zip).

    Attributes:
      response: the answer with the archive, of which only the headers were read. If the connection breaks,
        the rest
        is requested from the same URL. If this fails, it is requested from the URL that redirected there.
      unwrap: whether to remove a folder around the module, which many archives have.
      checksums: as in `RemoteFile`, of the archive.
      check: a function that raises an error if the paths of the unpacked files are not those of a module;
        None for archives that may hold anything.
    """

    response: requests.Response
    unwrap: bool = False
    checksums: Mapping[str, str] = dataclasses.field(default_factory=dict)
    check: Callable[[Sequence[str]], None] | None = None


@dataclasses.dataclass(frozen=True)
class IndexedArchive:
    """An archive of our hub, with the index of its segments.

    Attributes:
      index: the index, after its checks.
      location: the URL for parts of the archive: the URL of the index, after redirects.
      url: the URL for the whole archive, for a server that does not send ranges.
      headers: the headers that ask for the archive and not for its index.
    """

    index: ArchiveIndex
    location: str
    url: str
    headers: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file of a module that is downloaded separately.

    Attributes:
      path: its path in the module, with `/`. It is checked before anything is written.
      size: its size in bytes. Another size is an error.
      url: its URL. Redirects are followed. Long files are downloaded in parts.
      checksums: kind (see `CHECKSUMS`) → hex digest. Without any, those in the headers of the answer are used
        (`x-goog-hash`).
    """

    path: str
    size: int
    url: str
    checksums: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FileList:
    """A module as single files. Several are downloaded at the same time. Each is verified."""

    files: tuple[RemoteFile, ...]


# The schemes of object stores.
STORES = ("gs", "s3", "s3a", "az", "azure", "abfs", "abfss")


@dataclasses.dataclass(frozen=True)
class BucketDirectory:
    """A directory or an archive in an object store. Keys are read from the environment."""

    url: str


@dataclasses.dataclass(frozen=True)
class Referral:
    """Another handle, of any source, that has the same module.

    Attributes:
      handle: the other handle. The module is also cached under its name. Both share the files.
      warning: a sentence that is logged when the module is used; "" for none.
    """

    handle: str
    warning: str = ""


@dataclasses.dataclass(frozen=True)
class OwnTransfer:
    """A download by the source itself, for other protocols than HTTP.

    Attributes:
      fetch: a function that writes the module into an empty directory. The files are then checked and hashed
        as
        those of an archive.
    """

    fetch: Callable[[str], None]


Offer = Archive | IndexedArchive | FileList | BucketDirectory | Referral | OwnTransfer
