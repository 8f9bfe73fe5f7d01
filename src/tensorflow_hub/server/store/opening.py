"""From the URL or path in a setting to the folder or bucket that it names."""

from __future__ import annotations

import functools
from pathlib import Path

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.directory import DirectoryStore
from tensorflow_hub.server.store.folder import Folder
from tensorflow_hub.server.store.interface import Store, Trees

BUCKETS = ("s3", "gs", "az")


def open_store(settings: ServerSettings) -> Store:
    """Opens the store that the settings name, by default a folder in the data folder.

    Raises:
      SettingsError: for a URL of an unknown kind.
    """
    path = local_folder(settings.store or str(settings.data_folder() / "store"))
    if path is not None:
        return DirectoryStore(path)
    from tensorflow_hub.server.store.objects import ObjectStore

    return ObjectStore(settings.store)


@functools.lru_cache(maxsize=8)
def open_place(text: str) -> Trees:
    """Opens a folder or bucket that others read too; once for each process.

    Raises:
      SettingsError: for a URL of an unknown kind.
    """
    path = local_folder(text)
    if path is not None:
        return Folder(path)
    from tensorflow_hub.server.store.bucket import Bucket

    return Bucket(text)


def local_folder(text: str) -> Path | None:
    """The folder that a path or a `file://` URL names; None for a bucket.

    Raises:
      SettingsError: for a URL of an unknown kind.

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
        hint=f"The known kinds of URLs are file, {', '.join(BUCKETS)}.",
    )
