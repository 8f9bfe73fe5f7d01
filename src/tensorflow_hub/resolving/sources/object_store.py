"""Object stores: a directory or an archive at `gs://…`, `s3://…`, `az://…`.

A directory whose name is not a version number is checked for changes each time. Its version is a digest of
the names, sizes and ETags of its objects. In the name of the cached copy it follows a `#`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from tensorflow_hub.errors import DownloadError, HandleError
from tensorflow_hub.handles import version_at_end
from tensorflow_hub.resolving.sources.source import Location, Source
from tensorflow_hub.resolving.transfer.offers import BucketDirectory

if TYPE_CHECKING:
    from tensorflow_hub.network.session import HubSession


class ObjectStore(Source[Location]):
    """Takes URLs of buckets. Keys, regions and endpoints are read from the environment."""

    def parse(self, handle: str) -> Location:  # noqa: D102
        scheme, _, path = handle.partition("://")
        if not path.strip("/"):
            raise HandleError(
                f"Expected the name of a bucket after {scheme}://, got {handle!r}.",
                hint=f"For example '{scheme}://bucket/path/of/a/module'.",
            )
        url, state = _split(handle)
        return Location(handle, handle, is_fixed=bool(state) or version_at_end(url) is not None)

    def open(self, location: Location, session: HubSession) -> BucketDirectory:  # noqa: D102
        url, state = _split(location.name)
        if state and self._state_of(url) != state:
            raise DownloadError(
                f"{url!r} changed since it was looked at.",
                hint="Run it again, with the handle as it is there.",
            )
        return BucketDirectory(url)

    def latest(self, location: Location, session: HubSession) -> str:  # noqa: D102
        return self._state_of(location.name)

    def at_version(self, location: Location, version: str) -> Location:  # noqa: D102
        return dataclasses.replace(location, name=f"{location.name}#{version}", is_fixed=True)

    def _state_of(self, url: str) -> str:
        from tensorflow_hub.resolving.limits import limits_of
        from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory

        return RemoteDirectory(url).fingerprint(limits_of(self.settings))


def _split(handle: str) -> tuple[str, str]:
    """The URL, and the version after `#`, or ""."""
    match = re.fullmatch(r"(.*)#([0-9a-f]{32})", handle, re.DOTALL)
    return (match[1], match[2]) if match else (handle, "")
