"""Downloading an archive into the staging directory. It is unpacked while it arrives; no byte is trusted."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Sequence

import requests

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.gzip_stream import Readable
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.member_names import exceeded
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.zip_archive import MAGIC, extract_zip
from tensorflow_hub.format.module.layout import folders_with_graph
from tensorflow_hub.network.answers import is_web_page, shown_url
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.transfer.archive_stream import ArchiveStream
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import Archive

_CHUNK = 1 << 20


def receive_archive(offer: Archive, session: HubSession, job: Job) -> Received:
    """Downloads and unpacks an archive.

    Raises:
      ArchiveError: it is a web page, or a damaged or hostile archive.
      NotFoundError: the archive holds no module.
      DownloadError: the connection broke, and the download cannot be continued.
      DigestError: it does not have the digest that its server sent.
    """
    _check_is_archive(offer.response)
    job.begin_anew()
    stream = ArchiveStream(session, offer, job.handle, job.progress)
    try:
        if stream.total:
            job.check_free_space(stream.total)
        files = _unpack(stream, job)
        sha256 = stream.verify()
    finally:
        stream.close()
    if offer.check is not None:
        offer.check([file.path for file in files])
    return Received(_without_folder(files, job) if offer.unwrap else files, sha256)


def _check_is_archive(response: requests.Response) -> None:
    if is_web_page(response):
        url = shown_url(response.url)
        response.close()
        raise ArchiveError(
            f"Expected an archive from {url}, got a web page.",
            hint=f"Open {url} in a browser: it may want a login, or be no module.",
        )


def _unpack(stream: ArchiveStream, job: Job) -> tuple[FileEntry, ...]:
    """Unpacks a tar file while it arrives. A zip file has its list at its end and is unpacked then."""
    first = b""
    while len(first) < 4 and (more := stream.read(_CHUNK)):
        first += more
    rest = _Begun(first, stream)
    if not first.startswith(MAGIC):
        return extract_archive(rest, job.files, job.limits)
    path = os.path.join(job.staging, "archive.zip")
    received = 0
    with open(path, "wb") as file:
        while block := rest.read(_CHUNK):
            received += len(block)
            if received > job.limits.total_bytes:
                raise exceeded(f"Expected at most {job.limits.total_bytes:,} bytes, got more.", job.limits)
            file.write(block)
    files = extract_zip(path, job.files, job.limits)
    os.unlink(path)
    return files


class _Begun:
    """A stream whose first bytes were read already."""

    def __init__(self, first: bytes, rest: Readable) -> None:
        self._first, self._rest = first, rest

    def read(self, size: int, /) -> bytes:
        if not self._first:
            return self._rest.read(size)
        data, self._first = self._first[:size], self._first[size:]
        return data


def _without_folder(files: Sequence[FileEntry], job: Job) -> tuple[FileEntry, ...]:
    """Removes a folder around the module, and the files beside that folder.

    Raises:
      ArchiveError: there are several modules.
    """
    folders = folders_with_graph(file.path for file in files)
    if not folders or "" in folders:
        return tuple(files)
    if len(folders) > 1:
        raise ArchiveError(
            f"Expected one module in the archive of {job.handle!r}, got {len(folders)}, "
            f"in the folders {', '.join(map(repr, folders[:5]))}.",
            hint="Download and unpack it yourself; the path of a folder is a handle too.",
        )
    inner = os.path.join(job.staging, "inner")
    shutil.rmtree(inner, ignore_errors=True)
    os.rename(os.path.join(job.files, *folders[0].split("/")), inner)
    job.begin_anew()
    os.rename(inner, job.files)
    prefix = folders[0] + "/"
    below = (file for file in files if file.path.startswith(prefix))
    return tuple(dataclasses.replace(file, path=file.path[len(prefix) :]) for file in below)
