"""Opens the folder or bucket that a path or URL in the settings names."""

from __future__ import annotations

import functools
from pathlib import Path

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.directory import DirectoryStore
from tensorflow_hub.server.store.folder import Folder
from tensorflow_hub.server.store.interface import Store, TreeStore

BUCKETS = ("s3", "gs", "az")


def open_store(settings: ServerSettings) -> Store:
    """Opens the store of the settings. The default is a folder in the data folder.

    Raises:
      SettingsError: the scheme of the URL is not known.
    """
    path = local_folder(settings.store or str(settings.data_folder() / "store"))
    if path is not None:
        return DirectoryStore(path)
    from tensorflow_hub.server.store.objects import ObjectStore

    return ObjectStore(settings.store)


@functools.lru_cache(maxsize=8)
def open_tree_store(text: str) -> TreeStore:
    """Opens a folder or bucket for trees of files; once for each process.

    Raises:
      SettingsError: the scheme of the URL is not known.
    """
    path = local_folder(text)
    if path is not None:
        return Folder(path)
    from tensorflow_hub.server.store.bucket import Bucket

    return Bucket(text)


def local_folder(text: str) -> Path | None:
    """Returns the folder of a path or a `file://` URL; None for a bucket.

    Raises:
      SettingsError: the scheme of the URL is not known.

    >>> local_folder("file:///srv/hub"), local_folder("s3://bucket/hub")
    (PosixPath('/srv/hub'), None)
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        return Path(text).expanduser().absolute()
    if scheme == "file":
        return Path(text.removeprefix("file://"))
    if scheme in BUCKETS:
        return None
    raise SettingsError(
        f"Expected a folder or a URL like s3://bucket/prefix as store, got {text!r}.",
        hint=f"The known schemes of URLs are file, {', '.join(BUCKETS)}.",
    )
