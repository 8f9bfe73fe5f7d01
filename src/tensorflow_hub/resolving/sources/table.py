"""The table of sources: scheme or host → import string. A source is imported when a handle needs it.

Programs add sources by `hub.register_source`. Packages add them by entry points of the group
`tensorflow_hub.sources`, whose names are schemes and hosts.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tensorflow_hub.errors import HandleError, MissingDependencyError, SettingsError
from tensorflow_hub.handles import UrlHandle
from tensorflow_hub.resolving.sources.source import Place, Source
from tensorflow_hub.resolving.transfer.offers import STORES
from tensorflow_hub.services.tfhub_dev import CHINA
from tensorflow_hub.settings import Settings

ENTRY_POINTS = "tensorflow_hub.sources"
_HERE = "tensorflow_hub.resolving.sources"
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+(:[0-9]+)?")
_NEVER = {"http", "https", "file"}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A row of the table.

    Attributes:
      source: `"package.module:Class"`, or the class itself.
      install: the command that installs the package, for the message if the import fails.
    """

    source: str | type[Source[Any]]
    install: str = ""

    def load(self, settings: Settings) -> Source[Any]:
        """The class of the source.

        Raises:
          MissingDependencyError: it cannot be imported.
        """
        if not isinstance(self.source, str):
            return self.source(settings)
        module, _, name = self.source.partition(":")
        try:
            kind: type[Source[Any]] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise MissingDependencyError(
                f"The source {self.source!r} cannot be imported: {error}.",
                hint=f"Install it: {self.install}." if self.install else "Install or correct its package.",
            ) from error
        return kind(settings)


# Schemes other than http and https, and hosts that are not hubs.
TABLE: Mapping[str, Entry] = {
    **dict.fromkeys(STORES, Entry(f"{_HERE}.object_store:ObjectStore")),
    **dict.fromkeys(("tfhub.dev", "www.tfhub.dev", CHINA), Entry(f"{_HERE}.tfhub_dev:TfhubDev")),
    **dict.fromkeys(("kaggle", "kaggle.com", "www.kaggle.com"), Entry(f"{_HERE}.kaggle:Kaggle")),
    **dict.fromkeys(("hf", "hf.co", "huggingface.co"), Entry(f"{_HERE}.hugging_face:HuggingFace")),
}
# The sources for other URLs of http and https. The first one that can parse a URL takes it.
WEB = (Entry(f"{_HERE}.web_archive:WebArchive"), Entry(f"{_HERE}.hub:Hub"))

_registered: dict[str, Entry] = {}


def register_source(
    source: str | type[Source[Any]], *names: str, install: str = "", replace: bool = False
) -> None:
    """Registers a source for the handles of schemes and hosts, in this process.

    A package does the same for all its users by entry points of the group `tensorflow_hub.sources`. Their
    name is the scheme or host, their value the import string.

    Args:
      source: the class, a subclass of `tensorflow_hub.resolving.sources.source.Source`; or its import string
        `"package.module:Class"`, which is imported when a handle needs it.
      *names: schemes (`"acme"` for `acme://…`) and hosts (`"models.acme.example"` for
        `https://models.acme.example/…`; with the port if it is not the usual one).
      install: the command that installs the package, for the message if the import fails, for example
        `"pip install acme-hub"`.
      replace: whether to replace the sources of names that are registered already.

    Raises:
      SettingsError: a name is neither a scheme nor a host, or it is registered already.

    >>> import tensorflow_hub as hub
    >>> hub.register_source("acme_hub:AcmeSource", "acme", install="pip install acme-hub")
    >>> hub.resolve("acme://words/1")
    Traceback (most recent call last):
      ...
    tensorflow_hub.errors.MissingDependencyError: The source 'acme_hub:AcmeSource' cannot be imported: ...
    """
    names = tuple(name.lower() for name in names)
    for name in names:
        if not _NAME.fullmatch(name) or name in _NEVER:
            raise SettingsError(
                f"Expected schemes or hosts for the source {source!r}, got {name!r}.",
                hint="For example 'acme' for acme://…, or 'models.acme.example' for https://models.acme.example/…",
            )
        if not replace and name in {*TABLE, *_registered}:
            raise SettingsError(
                f"The handles of {name!r} have a source already.", hint="Use replace=True to take them over."
            )
    _registered.update(dict.fromkeys(names, Entry(source, install)))


def unregister_source(*names: str) -> None:
    """Removes sources that `register_source` registered for schemes and hosts."""
    for name in names:
        _registered.pop(name.lower(), None)


def locate(handle: str, settings: Settings) -> Place:
    """The source of a handle, and the parsed handle.

    Args:
      handle: `scheme://…`, checked by `parse_handle`.
      settings: the settings of the process.

    Raises:
      HandleError: no source has its scheme, or the handle is malformed.
      MissingDependencyError: the source needs a package that is not installed.
    """
    for entry in _entries(UrlHandle(handle)):
        source = entry.load(settings)
        location = source.parse(handle)
        if location is not None:
            return Place(source, location)
    schemes = ", ".join(f"{name}://" for name in ("http", "https", *known_names()) if "." not in name)
    raise HandleError(
        f"Expected a URL with one of {schemes}, got {handle!r:.200}.",
        hint="A module on this machine is given by its path; packages and hub.register_source add schemes.",
    )


def known_names() -> list[str]:
    """The schemes and hosts in the table."""
    return list(dict.fromkeys((*TABLE, *_registered, *_installed())))


def _entries(handle: UrlHandle) -> Iterator[Entry]:
    """The rows for a handle, in the order in which they are asked."""
    web = handle.scheme in {"http", "https"}
    names = (handle.host, re.sub(r":\d+$", "", handle.host)) if web else (handle.scheme,)
    for name in dict.fromkeys(names):
        # Installed packages last, because reading their entry points is slow.
        entry = _registered.get(name) or TABLE.get(name) or _installed().get(name)
        if entry is not None:
            yield entry
    if web:
        yield from WEB


@functools.cache
def _installed() -> Mapping[str, Entry]:
    """The sources of installed packages."""
    from importlib import metadata

    entry_points = metadata.entry_points(group=ENTRY_POINTS)
    return {point.name.lower(): Entry(point.value) for point in entry_points if _NAME.fullmatch(point.name)}
