"""From the setting `store` to a store."""

from __future__ import annotations

from pathlib import Path

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.directory import DirectoryStore
from tensorflow_hub.server.store.interface import Store


def open_store(settings: ServerSettings) -> Store:
    """Opens the store that the settings name, by default a folder in the data folder.

    Raises:
      SettingsError: for a URL of an unknown kind.
    """
    text = settings.store
    if not text:
        return DirectoryStore(settings.data_folder() / "store")
    scheme, separator, _ = text.partition("://")
    if not separator:
        return DirectoryStore(Path(text).expanduser().absolute())
    if scheme == "file":
        return DirectoryStore(Path(text.removeprefix("file://")))
    if scheme in {"s3", "gs", "az"}:
        from tensorflow_hub.server.store.objects import ObjectStore

        return ObjectStore(text)
    raise SettingsError(
        f"Expected a folder or a URL like s3://bucket/prefix as store, got {text!r}.",
        hint="Set TFHUB_SERVER_STORE; the known kinds are file, s3, gs and az.",
    )
