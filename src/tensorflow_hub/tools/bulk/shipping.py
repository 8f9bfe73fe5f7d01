"""Sending a module to workers: by a handle that all of them can resolve, or packed into an archive."""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path

from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.handles import PathHandle, parse_handle
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.resolving.transfer.archive_file import resolve_archive_file
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.modules import digest_of


@dataclasses.dataclass(frozen=True)
class Shipped:
    """A packed module from the disk of the driver.

    Attributes:
      archive: the path of the archive for workers.
      digest: the digest of the module's content.
    """

    archive: str
    digest: str


def ship(handle: str, folder: Path | None) -> str | Shipped:
    """What to send to workers for a handle.

    Args:
      handle: the handle as the user wrote it.
      folder: the folder for the archive of a module that is only on this machine; None if all workers run on
        this machine.

    Returns:
      The URL of the module with its version, so that all workers use the same one; a packed module; or an
      absolute path.

    Raises:
      ResolveError: there is no such module.
    """
    found = resolve_module(handle)
    if not isinstance(parse_handle(found.handle), PathHandle):
        return found.handle
    if folder is None:
        return str(Path(found.path).absolute())
    digest = digest_of(Path(found.path))
    archive = folder.absolute() / f".part-module-{digest.rpartition(':')[2][:16]}.tar.gz"
    if not archive.exists():
        # Under another name first: a driver that is killed meanwhile must not leave a part of the archive.
        unfinished = archive.with_name(f"{archive.name}.{uuid.uuid4().hex}")
        write_archive(found.path, unfinished)
        unfinished.replace(archive)
    return Shipped(str(archive), digest)


def arrived(module: str | Shipped) -> str:
    """Returns the handle of a module on this worker.

    An archive is unpacked into the cache, once on each machine.
    """
    if isinstance(module, str):
        return module
    settings = Settings.from_environment()
    found, _ = resolve_archive_file(module.archive, settings, handle=f"shipped:{module.digest}")
    return found.path
