"""The step that keeps a module unpacked as well, where the setting `uncompressed_url` says so."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tensorflow_hub.server.hub import Hub
from tensorflow_hub.server.publishing.archive_steps import index_of
from tensorflow_hub.server.publishing.publication import Publication


def keep_unpacked(hub: Hub, publication: Publication) -> Publication:
    """The files lie below `uncompressed_url`, in a folder named by their digest."""
    base = hub.settings.uncompressed_url
    if not base or publication.upload.deployment != "saved_model":
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
        temporary.rename(target)
    except OSError:
        if not target.exists():  # else another process was faster: its copy is the same
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_to_bucket(publication: Publication, base: str, name: str) -> None:
    import obstore

    from tensorflow_hub.server.store.objects import open_bucket

    bucket: Any = open_bucket(base)
    for file in index_of(publication).files:
        obstore.put(bucket, f"{name}/{file.path}", publication.unpacked / file.path)
