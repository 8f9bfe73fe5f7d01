"""Downloading a module into a staging directory, from the first place that has it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any, TypeAlias

from tensorflow_hub.errors import NotFoundError
from tensorflow_hub.network.answers import shown_url
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.limits import manifest_of
from tensorflow_hub.resolving.mirrors import explain_mirrors
from tensorflow_hub.resolving.sources.session import open_source_session, reading_answers
from tensorflow_hub.resolving.sources.source import FAILURES, Candidate, Failure, Place, Source
from tensorflow_hub.resolving.transfer.fresh_start import with_fresh_starts
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import (
    Archive,
    BucketDirectory,
    FileList,
    IndexedArchive,
    OwnTransfer,
    Referral,
)

_log = logging.getLogger("tensorflow_hub")

Transferable: TypeAlias = Archive | IndexedArchive | FileList | BucketDirectory | OwnTransfer


def fetch(places: Sequence[Place], job: Job) -> Manifest:
    """Downloads a module from the first place that has it undamaged.

    Args:
      places: the place of the handle, or its mirrors.
      job: the target of the download.

    Returns:
      The manifest of the files in `job.files`.

    Raises:
      NotFoundError, UnreachableError, …: no place has the module. The error is that of the last place.
      DigestError: the module is not the one in the lock file.
    """
    for number, place in enumerate(places):
        try:
            return _fetch_from(place, job)
        except FAILURES as problem:
            if number == len(places) - 1:
                if places[0].location.name == job.handle:
                    raise
                raise explain_mirrors(job.handle, problem) from problem
            _log.warning("%s: %s Trying the next mirror.", shown_url(place.location.handle), problem.problem)
    raise AssertionError("there is at least one place")


def _fetch_from(place: Place, job: Job) -> Manifest:
    source, location = place
    failures: list[Failure] = []
    with open_source_session(source, location, job.settings, what=job.handle) as session:
        for candidate in source.candidates(location, session):
            session.limit = TimeLimit.of_download(job.settings)
            try:
                received = _receive_from(source, candidate, session, job)
                manifest = manifest_of(job.handle, candidate.place, received.files, received.archive_sha256)
                job.check_digest(manifest.digest)
                return _signed(manifest, place, session, job)
            except FAILURES as problem:
                _log.debug("%s: %s", candidate.place, problem.problem)
                failures.append(Failure(candidate.place, problem))
    if not failures:
        raise NotFoundError(f"There is no place known for {location.handle!r}.", hint="Check the spelling.")
    error = source.explain(location, failures)
    raise error from next((f.problem for f in failures if f.problem is not error), None)


def _signed(manifest: Manifest, place: Place, session: HubSession, job: Job) -> Manifest:
    """The manifest, with signatures where the trust file requires one.

    Raises:
      TrustError: none of the place's signatures will do; nothing of the module is kept.
    """
    if job.required is None:
        return manifest
    from tensorflow_hub.resolving.signatures import signed_manifest

    return signed_manifest(
        manifest, job.files, job.required, lambda: place.source.signatures(place.location, session)
    )


def _receive_from(source: Source[Any], candidate: Candidate, session: HubSession, job: Job) -> Received:
    """Asks a candidate and downloads what it offers; starts again after temporary faults."""

    def receive() -> Received | Referral:
        with reading_answers(source):
            offer = candidate.open()
        return offer if isinstance(offer, Referral) else _receive(offer, session, job)

    received = with_fresh_starts(receive, session.policy)
    # Another handle is fetched by a call of this function, which starts again by itself.
    return _receive_from_cache(received, job) if isinstance(received, Referral) else received


def _receive(offer: Transferable, session: HubSession, job: Job) -> Received:
    """Downloads what a source offers. The code of each kind of transfer is imported when it is used."""
    match offer:
        case Archive():
            from tensorflow_hub.resolving.transfer.archive import receive_archive

            return receive_archive(offer, session, job)
        case IndexedArchive():
            from tensorflow_hub.resolving.transfer.indexed_archive import receive_indexed

            return receive_indexed(offer, session, job)
        case FileList():
            from tensorflow_hub.resolving.transfer.file_list import receive_files

            return receive_files(offer, session, job)
        case BucketDirectory():
            from tensorflow_hub.resolving.transfer.object_store import receive_objects

            return receive_objects(offer, job)
        case OwnTransfer():
            return _receive_own(offer, job)


def _receive_from_cache(offer: Referral, job: Job) -> Received:
    """Takes the files of a module that is cached under another name, shared if the file system allows it."""
    from tensorflow_hub.resolving.transfer.reuse import share_module

    found = job.resolve(offer.handle)
    if offer.warning:
        _log.warning("%s", offer.warning)
    job.begin_anew()
    return Received(share_module(found, job.files))


def _receive_own(offer: OwnTransfer, job: Job) -> Received:
    """Lets a source write the files itself. They are checked like the files of an archive."""
    from tensorflow_hub.format.archive.file_digests import file_entries

    job.begin_anew()
    os.makedirs(job.files)
    offer.fetch(job.files)
    return Received(file_entries(job.files, job.limits))
