"""The copies of modules that lie unpacked below `uncompressed_url`, each in a folder named by its digest.

Nobody asks there who reads: what is private or deleted has no copy.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tensorflow_hub.format.archive_index import FileEntry
from tensorflow_hub.server.catalogue.tables import deployments, models, publishers, versions
from tensorflow_hub.server.store.directory import sync

if TYPE_CHECKING:
    from tensorflow_hub.server.store.objects import ObjectStore

_PIECE = 1 << 20


def copy_url(base: str, digest: str) -> str:
    """Where the copy of a module lies, as readers see it.

    >>> copy_url("gs://bucket/modules/", "sha256:ab")
    'gs://bucket/modules/ab'
    """
    return f"{base.rstrip('/')}/{digest.removeprefix('sha256:')}"


def has_copy(base: str, digest: str) -> bool:
    """Whether there is a complete copy."""
    name = digest.removeprefix("sha256:")
    if not _is_bucket(base):
        return (_folder(base) / name).is_dir()
    return _bucket(base).size(_mark(name)) is not None


def make_copy(base: str, digest: str, unpacked: Path, files: Iterable[FileEntry]) -> None:
    """Copies the files of a module there; a copy that is there is left alone."""
    name = digest.removeprefix("sha256:")
    if has_copy(base, digest):
        return
    if not _is_bucket(base):
        _copy_to_folder(unpacked, _folder(base), name)
        return
    bucket = _bucket(base)
    for file in files:
        bucket.write(f"{name}/{file.path}", _pieces(unpacked / file.path))
    bucket.write(_mark(name), [])


def remove_copy(base: str, digest: str) -> None:
    """Removes a copy; one that is absent is no error."""
    name = digest.removeprefix("sha256:")
    if not _is_bucket(base):
        folder = _folder(base)
        with contextlib.suppress(FileNotFoundError):
            doomed = (folder / name).rename(folder / f".{name}.removed.{os.getpid()}")
            shutil.rmtree(doomed, ignore_errors=True)
        return
    bucket = _bucket(base)
    bucket.delete(_mark(name))
    for item in [*bucket.list_objects(f"{name}/")]:
        bucket.delete(item.key)


def digests_without_readers(connection: sa.Connection, digests: Iterable[str]) -> list[str]:
    """Those of the digests that no public version has."""
    wanted = list(dict.fromkeys(digests))
    query = (
        sa.select(deployments.c.digest)
        .join(versions, deployments.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .where(deployments.c.digest.in_(wanted), sa.not_(publishers.c.private))
    )
    public = {row[0] for row in connection.execute(query)}
    return [digest for digest in wanted if digest not in public]


def digests_of_publisher(connection: sa.Connection, publisher_id: int) -> list[str]:
    """The digests of everything that a publisher has."""
    query = (
        sa.select(deployments.c.digest)
        .join(versions, deployments.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .where(models.c.publisher_id == publisher_id)
    )
    return [row[0] for row in connection.execute(query)]


def _is_bucket(base: str) -> bool:
    return "://" in base and not base.startswith("file://")


def _folder(base: str) -> Path:
    return Path(base.removeprefix("file://"))


def _bucket(base: str) -> ObjectStore:
    from tensorflow_hub.server.store.objects import ObjectStore

    return ObjectStore(base)


def _mark(name: str) -> str:
    """The object that says that a copy in a bucket is complete: it is written last."""
    return f"{name}.complete"


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _copy_to_folder(unpacked: Path, base: Path, name: str) -> None:
    target, temporary = base / name, base / f".{name}.{unpacked.parent.name}"
    base.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(unpacked, temporary)
        _flush(temporary)
        temporary.rename(target)
        sync(base)
    except OSError:
        if not target.exists():  # else another process was faster: its copy is the same
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Makes a copy durable before it gets its name: a folder that is there is complete."""
    for directory, _, names in os.walk(folder):
        for name in names:
            sync(Path(directory, name))
        sync(Path(directory))
