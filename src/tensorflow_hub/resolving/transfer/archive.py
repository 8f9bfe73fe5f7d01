"""One archive into the staging directory: unpacked while it comes, every byte held for hostile."""

from __future__ import annotations

import requests

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive_reader import extract_archive
from tensorflow_hub.network.answers import shown_url
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.transfer.archive_stream import ArchiveStream
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import Archive


def receive_archive(offer: Archive, session: HubSession, job: Job) -> Received:
    """Unpacks an archive.

    Raises:
      ArchiveError: it is a web page, broken or hostile.
      DownloadError: it broke off and cannot be continued.
    """
    _check_is_archive(offer.response, job.handle)
    job.begin_anew()
    stream = ArchiveStream(session, offer.response, job.handle, job.progress)
    try:
        if stream.total:
            job.check_free_space(stream.total)
        files = extract_archive(stream, job.files, job.limits)
    finally:
        stream.close()
    return Received(files, stream.sha256)


def _check_is_archive(response: requests.Response, what: str) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"}:
        response.close()
        raise ArchiveError(
            f"Expected an archive from {shown_url(response.url)}, got a web page.",
            hint=f"Open {what} in a browser: it may want a login, or be no module.",
        )
