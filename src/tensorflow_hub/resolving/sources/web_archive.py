"""Archives on web servers: `https://files.example/module.tar.gz`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorflow_hub.handles import names_archive
from tensorflow_hub.resolving.sources.source import Location, Source
from tensorflow_hub.resolving.transfer.offers import Archive

if TYPE_CHECKING:
    from tensorflow_hub.network.session import HubSession


class WebArchive(Source[Location]):
    """Takes URLs with the suffix of an archive. The file is downloaded once and is assumed not to change."""

    def parse(self, handle: str) -> Location | None:  # noqa: D102
        return Location(handle, handle, is_fixed=True) if names_archive(handle) else None

    def open(self, location: Location, session: HubSession) -> Archive:  # noqa: D102
        headers = {"Accept": "application/gzip, */*;q=0.1", "Accept-Encoding": "identity"}
        return Archive(session.request("GET", location.handle, headers=headers, stream=True))
