"""The step that keeps a module unpacked as well, where the setting `uncompressed_url` says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.hub import Hub
from tensorflow_hub.server.publishing.archive_steps import index_of
from tensorflow_hub.server.publishing.publication import Publication


def keep_unpacked(hub: Hub, publication: Publication) -> Publication:
    """The files lie below `uncompressed_url`, in a folder named by their digest.

    Those of a private publisher do not: nobody asks there who reads.
    """
    base = hub.settings.uncompressed_url
    if not base or publication.upload.deployment != "saved_model":
        return publication
    with hub.database.reading() as connection:
        publisher = reading.find_publisher(connection, publication.name.publisher)
    if publisher is not None and publisher.private:
        return publication
    index = index_of(publication)
    name = index.digest.removeprefix("sha256:")
    if "://" in base and not base.startswith("file://"):
        _copy_to_bucket(publication, base, name)
    else:
        _copy_to_folder(publication.unpacked, Path(base.removeprefix("file://")), name)
    return publication


def _copy_to_folder(unpacked: Path, base: Path, name: str) -> None:
    target, temporary = base / name, base / f".{name}.{unpacked.parent.name}"
    if target.exists():
        return
    base.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(unpacked, temporary)
        _flush(temporary)
        temporary.rename(target)
        _fsync(base)
    except OSError:
        if not target.exists():  # else another process was faster: its copy is the same
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Makes a copy durable before it gets its name: a folder that is there is complete."""
    for directory, _, names in os.walk(folder):
        for name in names:
            _fsync(Path(directory, name))
        _fsync(Path(directory))


def _fsync(path: Path) -> None:
    if os.name == "nt":  # where neither folders nor files open for reading can be flushed
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_to_bucket(publication: Publication, base: str, name: str) -> None:
    import obstore

    from tensorflow_hub.server.store.objects import open_bucket

    bucket: Any = open_bucket(base)
    for file in index_of(publication).files:
        obstore.put(bucket, f"{name}/{file.path}", publication.unpacked / file.path)
