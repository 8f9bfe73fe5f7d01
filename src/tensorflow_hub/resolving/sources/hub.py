"""Hubs: servers with the hosting protocol of tfhub.dev. Our server has additions to it.

The answer to `GET <handle>?tf-hub-format=compressed` is a tar.gz, perhaps after redirects. Our server sends
the index of the archive to clients that accept it, and redirects a handle without a version to the latest
version.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import re
import urllib.parse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tensorflow_hub.errors import DownloadError, HubError, NotFoundError, RequestError, UnreachableError
from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE, ArchiveIndex
from tensorflow_hub.handles import version_at_end
from tensorflow_hub.resolving.sources.source import Documentation, Location, Source
from tensorflow_hub.resolving.transfer.offers import STORES, Archive, BucketDirectory, IndexedArchive, Offer

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.network.session import HubSession

_log = logging.getLogger("tensorflow_hub")
_LARGEST_LOCATION = 64 << 10  # bytes
_LARGEST_SIGNATURES = 2 << 20  # bytes
_ARCHIVE = {"Accept": "application/gzip;q=0.9, */*;q=0.1", "Accept-Encoding": "identity"}
_INDEX_OR_ARCHIVE = {**_ARCHIVE, "Accept": f"{INDEX_MEDIA_TYPE}, {_ARCHIVE['Accept']}"}


class Hub(Source[Location]):
    """Takes all URLs of http and https. A host that is not in the table is treated as a hub."""

    def parse(self, handle: str) -> Location:  # noqa: D102
        return Location(handle, handle, is_fixed=version_at_end(handle) is not None, page=handle)

    def open(self, location: Location, session: HubSession) -> Offer:  # noqa: D102
        if self.settings.load_format == "UNCOMPRESSED":
            try:
                return _unpacked(location, session)
            except RequestError as problem:
                if type(problem) is not RequestError:  # for example a token is missing
                    raise
                hint = f"{problem.hint.rstrip('.')}; TFHUB_MODEL_LOAD_FORMAT=AUTO takes what there is."
                raise RequestError(problem.problem, hint=hint) from problem
        try:
            return self._packed(location, session)
        except NotFoundError:
            if self.settings.load_format == "COMPRESSED":
                raise
            with contextlib.suppress(HubError):
                return _unpacked(location, session)
            raise

    def _packed(self, location: Location, session: HubSession) -> Offer:
        url = with_format(location.name, "compressed")
        response = session.request("GET", url, headers=_INDEX_OR_ARCHIVE, stream=True)
        _warn_of_withdrawal(response, location)
        if response.headers.get("Content-Type", "").partition(";")[0].strip() != INDEX_MEDIA_TYPE:
            return Archive(response)
        return IndexedArchive(self._read_index(response, url, location, session), response.url, url, _ARCHIVE)

    def _read_index(
        self, response: requests.Response, url: str, location: Location, session: HubSession
    ) -> ArchiveIndex:
        from tensorflow_hub.network.answers import receive_body
        from tensorflow_hub.network.body import READ_FAILURES
        from tensorflow_hub.resolving.limits import limits_of

        limits = limits_of(self.settings)
        try:
            receive_body(response, limits.index_bytes, session.limit)
        except READ_FAILURES:  # the connection broke: the request is repeated, with retries
            headers = {"Accept": INDEX_MEDIA_TYPE}
            largest = limits.index_bytes
            response = session.request("GET", url, headers=headers, largest=largest)
        return ArchiveIndex.from_json(response.content, limits)

    def latest(self, location: Location, session: HubSession) -> str | None:  # noqa: D102
        url = with_format(location.name, "compressed")
        response = session.request("GET", url, headers=_INDEX_OR_ARCHIVE, stream=True)
        response.close()
        base = urllib.parse.urlsplit(location.name).path.rstrip("/")
        for answer in response.history:
            step = urllib.parse.urljoin(location.name, answer.headers.get("Location", ""))
            match = re.fullmatch(re.escape(base) + r"/([1-9][0-9]{0,9})", urllib.parse.urlsplit(step).path)
            if match:
                return match[1]
        return None

    def withdrawal(self, location: Location, session: HubSession) -> str | None:  # noqa: D102
        from tensorflow_hub.network.withdrawal import withdrawal_reason

        url = with_format(location.name, "compressed")
        try:
            answer = session.request("HEAD", url, headers=_ARCHIVE)
        except NotFoundError:  # its message has the reason
            session.request("GET", url, headers=_ARCHIVE, stream=True).close()
            raise
        reasons = (withdrawal_reason(step.headers) for step in (*answer.history, answer))
        return next((reason for reason in reasons if reason is not None), None)

    def signatures(self, location: Location, session: HubSession) -> Sequence[str]:  # noqa: D102
        parts = urllib.parse.urlsplit(location.name)
        url = urllib.parse.urlunsplit(parts._replace(query="inside=signatures", fragment=""))
        try:
            answer = session.request(
                "GET", url, headers={"Accept": "application/json"}, largest=_LARGEST_SIGNATURES
            )
            entries = json.loads(answer.content)["signatures"]
            good = [entry["envelope"] for entry in entries if entry["key"]["revoked_at"] is None]
            return tuple(text for text in good if isinstance(text, str))
        except UnreachableError:
            raise
        except (HubError, ValueError, LookupError, TypeError, RecursionError):
            return ()  # no hub of ours, or of a release without signatures

    def documentation(self, location: Location, session: HubSession) -> Documentation:  # noqa: D102
        from tensorflow_hub.resolving.sources.hub_documentation import read_documentation

        return read_documentation(location.name, session)

    def at_version(self, location: Location, version: str) -> Location:  # noqa: D102
        parts = urllib.parse.urlsplit(location.name)
        name = urllib.parse.urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{version}"))
        return dataclasses.replace(location, name=name, is_fixed=True, page=name)


def with_format(url: str, form: str) -> str:
    """The URL for a module in a format, by the hosting protocol. An existing query is kept.

    >>> with_format("https://hub.example/acme/text/1?a=b", "compressed")
    'https://hub.example/acme/text/1?a=b&tf-hub-format=compressed'
    """
    parts = urllib.parse.urlsplit(url)
    others = [item for item in parts.query.split("&") if item and not item.startswith("tf-hub-format=")]
    query = "&".join([*others, f"tf-hub-format={form}"])
    return urllib.parse.urlunsplit(parts._replace(query=query, fragment=""))


def _unpacked(location: Location, session: HubSession) -> BucketDirectory:
    """The uncompressed form of the hosting protocol: a 303 with the URL of a directory in an object store."""
    response = session.request(
        "GET",
        with_format(location.name, "uncompressed"),
        accept_statuses=frozenset({303}),
        allow_redirects=False,
        largest=_LARGEST_LOCATION,
    )
    _warn_of_withdrawal(response, location)
    place = response.headers.get("Location") or response.content.decode("utf-8", "replace").strip()
    if place.partition("://")[0].lower() not in STORES:
        raise DownloadError(
            f"Expected a directory in an object store for {location.name!r} from the hub, got {place!r:.99}.",
            hint="Set TFHUB_MODEL_LOAD_FORMAT=COMPRESSED.",
        )
    return BucketDirectory(place)


def _warn_of_withdrawal(response: requests.Response, location: Location) -> None:
    """Logs that a version is withdrawn, once for a download. Stores behind redirects do not know it."""
    from tensorflow_hub.network.withdrawal import withdrawal_reason

    for answer in (*response.history, response):
        reason = withdrawal_reason(answer.headers)
        if reason is not None:
            _log.warning(
                "%s was withdrawn by its publisher%s Look for another version: `tfhub show %s`.",
                location.name,
                f": {reason.rstrip('.')}." if reason else ".",
                location.name.rpartition("/")[0],
            )
            return
