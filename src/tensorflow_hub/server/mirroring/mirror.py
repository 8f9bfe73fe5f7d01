"""Runs the fetches of a process from the upstream hub, and caches the hub's answers.

The upstream hub is never asked about a publisher that publishes on this hub. Otherwise it could offer a
"newer" version of a model of this hub.
"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time

from tensorflow_hub.errors import DownloadError, ForbiddenError, HubError, UnreachableError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audience import EVERYTHING, Audience
from tensorflow_hub.server.catalogue.records import DELETED, DOCUMENTED, Version
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.lookup import readable_version
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.mirroring.attachments import mirrored_version
from tensorflow_hub.server.mirroring.fetching import fetch
from tensorflow_hub.server.mirroring.refreshing import refresh
from tensorflow_hub.server.mirroring.spool import Spool
from tensorflow_hub.server.mirroring.upstream import AnyUpstream
from tensorflow_hub.server.publishing.steps import work_folder

_log = logging.getLogger("tensorflow_hub.server")
# How many versions are fetched at the same time; more fetches wait for a thread.
_MOST_FETCHES = 8
# How many fetches may run or wait; requests for more get status 503.
MOST_PENDING_FETCHES = 64
# How long an answer of the upstream hub ("not found", or the newest version) is cached, in seconds.
_CACHE_SECONDS = 60.0
# After how many seconds the upstream hub is asked again whether it has withdrawn a version.
_REFRESH_SECONDS = 600.0
_MOST_CACHED = 10_000
# How many seconds the upstream hub is not asked after it could not be reached.
_PAUSE_SECONDS = 5.0


class Mirror:
    """Fetches missing versions on request, in threads; requests for the same version share a fetch.

    Args:
      hub: this hub.
      upstream: the upstream hub.
    """

    def __init__(self, hub: Hub, upstream: AnyUpstream) -> None:
        self.hub = hub
        self.upstream = upstream
        self._lock = threading.Lock()
        self._fetches: dict[str, Spool] = {}
        self._request_times: dict[str, float] = {}
        self._failures: dict[str, HubError] = {}
        self._latest: dict[str, tuple[int | None, float]] = {}  # the newest version, and when it was asked
        self._unreachable_at = time.monotonic() - _PAUSE_SECONDS
        self._threads = concurrent.futures.ThreadPoolExecutor(_MOST_FETCHES, "mirror")

    def latest(self, name: ModelName, deployment: str, audience: Audience) -> int | None:
        """Returns the newest version of a model upstream, if this hub lacks its deployment and may fetch it.

        Raises:
          UnreachableError: upstream cannot be reached, and this hub has no version of the model.
        """
        if not self._is_wanted(name, audience=audience):
            return self._latest_documented(name, deployment, audience)
        try:
            number = self._latest_upstream(name)
        except UnreachableError as error:
            self._use_local_version(name, error, audience)
            return None
        if number is None:
            return None
        self._follow_withdrawals(name, number)
        version = name.with_version(number)
        is_refused = self._is_refused(version, deployment)
        return None if is_refused or not self._is_wanted(version, deployment) else number

    def _latest_upstream(self, name: ModelName) -> int | None:
        """Returns the newest version upstream, if there is one; an answer is used for a minute.

        Raises:
          UnreachableError: upstream cannot be reached.
        """
        number, asked_at = self._latest.get(str(name), (None, -_CACHE_SECONDS))
        if time.monotonic() - asked_at < _CACHE_SECONDS:
            return number
        self._check_reachable()
        try:
            with self.upstream.open() as session:
                number = self.upstream.latest(session, name)
        except UnreachableError:
            raise
        except HubError as error:
            _log.warning("Mirroring %s: %s", name, error)
            number = None
        with self._lock:
            if len(self._latest) >= _MOST_CACHED:
                self._latest.clear()
            self._latest[str(name)] = number, time.monotonic()
        return number

    def _latest_documented(self, name: ModelName, deployment: str, audience: Audience) -> int | None:
        """Returns the newest version with imported documentation, if its files may be fetched."""
        with self.hub.database.reading() as connection:
            version = reading.find_version(connection, name)
        if version is None or not self.has_documentation_only(version.name):
            return None
        is_refused = self._is_refused(version.name, deployment)
        return (
            None if is_refused or not self._is_wanted(version.name, deployment, audience) else version.number
        )

    def _is_refused(self, version: ModelName, deployment: str) -> bool:
        """Whether upstream said in the last minute that it does not have a deployment of a version."""
        key = f"{version} {deployment}"
        return self._asked_recently(key) and key not in self._failures

    def fetch(self, name: ModelName, deployment: str, audience: Audience) -> Spool | None:
        """Starts to fetch a deployment that this hub lacks, or returns the running fetch of it.

        Args:
          name: the version.
          deployment: the requested kind of deployment.
          audience: which publishers the caller may read. Nothing is fetched of other publishers.

        Returns:
          the bytes of the fetch; None if there is nothing to fetch.

        Raises:
          UnreachableError: upstream cannot be reached, and this hub does not have the files. "Not found"
            could be wrong, and clients would not try again.
          Unavailable: too many fetches are running.
        """
        key = f"{name} {deployment}"
        if self._asked_recently(key):
            return None
        if not self._is_wanted(name, deployment, audience):
            self._refresh_later(name)
            return None
        with self._lock:
            spool = self._fetches.get(key)
            if spool is not None:
                return spool
            try:
                self._check_reachable()
            except UnreachableError as error:
                if not has_files(self.hub, name, deployment, audience):
                    raise upstream_unreachable(name) from error
                return None
            if len(self._fetches) >= MOST_PENDING_FETCHES:
                raise Unavailable(
                    f"Expected fewer than {MOST_PENDING_FETCHES} running fetches from the upstream hub, "
                    f"got {len(self._fetches)}.",
                    hint="Try again in a moment.",
                )
            spool = self._fetches[key] = Spool(work_folder(self.hub.settings))
            self._threads.submit(self._fetch, name, deployment, spool)
            return spool

    def recent_failure(self, name: ModelName, deployment: str, audience: Audience) -> HubError | None:
        """Returns the error of a fetch in the last minute, if "not found" would hide it; else None."""
        key = f"{name} {deployment}"
        failure = self._failures.get(key) if self._asked_recently(key) else None
        return failure if failure and self._is_wanted(name, deployment, audience) else None

    def has_documentation_only(self, name: ModelName) -> bool:
        """Whether this hub has only imported documentation of a version, and no files."""
        with self.hub.database.reading() as connection:
            version = reading.find_version(connection, name)
            if version is None or version.published_by != DOCUMENTED:
                return False
            return not reading.list_deployments(connection, version)

    def may_fetch(self, version: Version) -> bool:
        """Whether the files of a version may be fetched, of which this hub has only documentation."""
        is_documented = version.published_by == DOCUMENTED and version.state != DELETED
        return is_documented and self.upstream.may_have(version.name, is_documented=True)

    def close(self) -> None:
        """Stops the running fetches, so that the process can end without waiting for upstream."""
        with self._lock:
            for spool in self._fetches.values():
                spool.fail(DownloadError("The hub is shutting down.", hint="Try again in a moment."))
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.upstream.close()

    def _fetch(self, name: ModelName, deployment: str, spool: Spool) -> None:
        key = f"{name} {deployment}"
        failure: HubError | None = None
        try:
            if self._is_wanted(name, deployment):
                fetch(self.hub, self.upstream, name, deployment, spool)
            else:  # another request has fetched it meanwhile
                spool.keep(None)
            self._failures.pop(key, None)
            self._record_request(key)
        except UnreachableError as error:
            failure, self._unreachable_at = error, time.monotonic()
        except HubError as error:
            failure = error
            self._record_request(key)
            if isinstance(error, (DownloadError, ForbiddenError)):
                self._failures[key] = error
        except Exception:
            _log.exception("Mirroring %s failed in an unexpected way.", name)
            failure = DownloadError(
                f"{name} could not be fetched from the upstream hub.", hint="Try again in a moment."
            )
        finally:
            with self._lock:
                self._fetches.pop(key, None)
            if failure is not None:
                _log.warning("Mirroring %s: %s", name, failure)
                spool.fail(failure)

    def _is_wanted(self, name: ModelName, deployment: str = "", audience: Audience = EVERYTHING) -> bool:
        with self.hub.database.reading() as connection:
            publisher = reading.find_publisher(connection, name.publisher)
            if publisher is not None and not audience.includes(publisher.name, publisher.private):
                return False
            version = reading.find_version(connection, name) if name.version is not None else None
            kinds = [d.kind for d in reading.list_deployments(connection, version)] if version else []
            if version is not None and version.published_by == DOCUMENTED and not kinds:
                return self.may_fetch(version)
            if publisher is not None and not writing.is_mirrored(connection, publisher):
                return False
            # If a mirrored version has no files at all, upstream has none either.
            if version is not None:
                return deployment not in kinds and bool(kinds)
            return self.upstream.may_have(name, is_documented=False)

    def _check_reachable(self) -> None:
        """Raises an error if upstream could not be reached in the last seconds, without another attempt."""
        if time.monotonic() - self._unreachable_at < _PAUSE_SECONDS:
            raise UnreachableError("The upstream hub cannot be reached.", hint="Try again in a moment.")

    def _use_local_version(self, name: ModelName, error: UnreachableError, audience: Audience) -> None:
        """Checks that this hub can answer without upstream; raises UnreachableError if it cannot."""
        _log.warning("Mirroring %s: %s", name, error)
        self._unreachable_at = time.monotonic()
        if not is_here(self.hub, name, audience):
            raise upstream_unreachable(name) from error

    def _follow_withdrawals(self, name: ModelName, latest: int) -> None:
        """Refreshes the newest version here if it is newer than upstream's, which may be withdrawn."""
        with self.hub.database.reading() as connection:
            here = reading.find_version(connection, name)
        if here is not None and here.number > latest:
            self._refresh_later(here.name)

    def _refresh_later(self, name: ModelName) -> None:
        key = f"{name} state"
        if self._asked_recently(key, _REFRESH_SECONDS):
            return
        with self.hub.database.reading() as connection:
            if mirrored_version(connection, name) is None:
                return  # otherwise, requests for invented names could fill the queue of the threads
        self._record_request(key)
        self._threads.submit(self._refresh, name)

    def _refresh(self, name: ModelName) -> None:
        try:
            refresh(self.hub, self.upstream, name)
        except Exception:
            _log.warning("The state of %s could not be refreshed from upstream.", name, exc_info=True)

    def _asked_recently(self, key: str, seconds: float = _CACHE_SECONDS) -> bool:
        return time.monotonic() - self._request_times.get(key, -seconds) < seconds

    def _record_request(self, key: str) -> None:
        with self._lock:
            if len(self._request_times) >= _MOST_CACHED:
                self._request_times.clear()
                self._failures.clear()
            self._request_times[key] = time.monotonic()


def upstream_unreachable(name: ModelName) -> UnreachableError:
    """Returns the error for a version that this hub does not have while upstream cannot be reached."""
    return UnreachableError(
        f"This hub does not have {name}, and its upstream hub cannot be reached.",
        hint="Try again in a moment.",
    )


def is_here(hub: Hub, name: ModelName, audience: Audience) -> bool:
    """Whether the catalogue has the version, or any version of the model, and the audience may read it."""
    with hub.database.reading() as connection:
        return readable_version(connection, name, audience) is not None


def has_files(hub: Hub, name: ModelName, deployment: str, audience: Audience) -> bool:
    """Whether the audience may read a version, and this hub has its files or knows that there are none."""
    with hub.database.reading() as connection:
        version = readable_version(connection, name, audience)
        if version is None:
            return False
        kinds = {found.kind for found in reading.list_deployments(connection, version)}
        return deployment in kinds if kinds or version.published_by == DOCUMENTED else True
