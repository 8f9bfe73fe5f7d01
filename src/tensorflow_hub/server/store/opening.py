"""Opens the folder or bucket that a path or URL in the settings names.

A new place for archives is a file with its classes, and a row of `BUCKETS`.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.directory import DirectoryStore
from tensorflow_hub.server.store.folder import Folder
from tensorflow_hub.server.store.interface import Store, TreeStore


@dataclasses.dataclass(frozen=True)
class StoreClasses:
    """The classes for the URLs of a scheme, each as `module:class`. They take the URL.

    Attributes:
      store: the class of a `Store`.
      tree_store: the class of a `TreeStore`.
    """

    store: str
    tree_store: str


_OBSTORE = StoreClasses(
    "tensorflow_hub.server.store.objects:ObjectStore", "tensorflow_hub.server.store.bucket:Bucket"
)
# Scheme of a URL → the classes for it, which are imported when such a URL is opened.
BUCKETS: dict[str, StoreClasses] = {"s3": _OBSTORE, "gs": _OBSTORE, "az": _OBSTORE}


def open_store(settings: ServerSettings) -> Store:
    """Opens the store of the settings. The default is a folder in the data folder.

    Raises:
      SettingsError: the scheme of the URL is not known.
    """
    path = local_folder(settings.store or str(settings.data_folder() / "store"))
    if path is not None:
        return DirectoryStore(path)
    store: Store = _open(_classes_for(settings.store).store, settings.store)
    return store


@functools.lru_cache(maxsize=8)
def open_tree_store(text: str) -> TreeStore:
    """Opens a folder or bucket for trees of files; once for each process.

    Raises:
      SettingsError: the scheme of the URL is not known.
    """
    path = local_folder(text)
    if path is not None:
        return Folder(path)
    store: TreeStore = _open(_classes_for(text).tree_store, text)
    return store


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


def _classes_for(url: str) -> StoreClasses:
    return BUCKETS[url.partition("://")[0]]


def _open(place: str, url: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)(url)
