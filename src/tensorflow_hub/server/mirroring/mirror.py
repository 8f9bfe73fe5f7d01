"""The mirror of one hub in one process: the running fetches, and the last answers of the upstream hub.

The upstream hub is never asked for a publisher that publishes here. Otherwise it could offer a "newer"
version of a model of this hub.
"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time

from tensorflow_hub.errors import DownloadError, HubError, UnreachableError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audience import EVERYTHING, Audience
from tensorflow_hub.server.catalogue.records import DELETED, DOCUMENTED, Version
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.lookup import readable_version
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.mirroring.beside import mirrored_version
from tensorflow_hub.server.mirroring.fetching import fetch
from tensorflow_hub.server.mirroring.refreshing import refresh
from tensorflow_hub.server.mirroring.spool import Spool
from tensorflow_hub.server.mirroring.upstream import AnyUpstream
from tensorflow_hub.server.publishing.steps import work_folder

_log = logging.getLogger("tensorflow_hub.server")
# How many versions are fetched at the same time; the others wait.
_MOST_FETCHES = 8
# How many may be fetched or wait; more requests are told to come back.
MOST_UNDER_WAY = 64
# How long an answer of the upstream hub (not there; the newest version) is used again, in seconds.
_REMEMBER_SECONDS = 60.0
# After how many seconds the upstream hub is asked again whether it has withdrawn a version.
_REFRESH_SECONDS = 600.0
_MOST_REMEMBERED = 10_000
# How many seconds the upstream hub is not asked after it could not be reached.
_PAUSE_SECONDS = 5.0


class Mirror:
    """Fetches versions that are not here when somebody asks for them, in threads, each once at a time."""

    def __init__(self, hub: Hub, upstream: AnyUpstream) -> None:
        self.hub = hub
        self.upstream = upstream
        self._lock = threading.Lock()
        self._fetches: dict[str, Spool] = {}
        self._asked: dict[str, float] = {}
        self._latest: dict[str, int | None] = {}
        self._unreachable_at = time.monotonic() - _PAUSE_SECONDS
        self._threads = concurrent.futures.ThreadPoolExecutor(_MOST_FETCHES, "mirror")

    def latest(self, name: ModelName, deployment: str, audience: Audience) -> int | None:
        """The newest version of a model upstream, if its deployment is not here and may be fetched.

        Raises:
          UnreachableError: upstream cannot be asked and nothing of the model is here.
        """
        key = str(name)
        if not self._is_wanted(name, audience=audience):
            return self._latest_documented(name, deployment, audience)
        if not self._asked_lately(key):
            try:
                self._pause()
                with self.upstream.open() as session:
                    self._latest[key] = self.upstream.latest(session, name)
                self._remember(key)
            except UnreachableError as error:
                self._unreachable(name, error, audience)
                return None
            except HubError as error:
                _log.warning("Mirroring %s: %s", name, error)
                self._latest[key] = None
                self._remember(key)
        number = self._latest.get(key)
        if number is None:
            return None
        self._follow_withdrawals(name, number)
        version = name.with_version(number)
        is_refused = self._asked_lately(f"{version} {deployment}")
        return None if is_refused or not self._is_wanted(version, deployment) else number

    def _latest_documented(self, name: ModelName, deployment: str, audience: Audience) -> int | None:
        """The newest version that is documented here, for an upstream that does not know the newest."""
        with self.hub.database.reading() as connection:
            version = reading.find_version(connection, name)
        if version is None or not self.has_documentation_only(version.name):
            return None
        is_refused = self._asked_lately(f"{version.name} {deployment}")
        return (
            None if is_refused or not self._is_wanted(version.name, deployment, audience) else version.number
        )

    def bring(self, name: ModelName, deployment: str, audience: Audience) -> Spool | None:
        """Begins to fetch a deployment of a version that is not here, or joins a running fetch.

        Args:
          name: the version.
          deployment: the form that is asked for.
          audience: who asks. Nothing is fetched for people who may not read it here.

        Returns:
          what comes; None when nothing is to be fetched.

        Raises:
          UnreachableError: upstream cannot be asked and nothing is here: "not found" would be a guess, and
            would make readers give up for good.
          Unavailable: too much is under way.
        """
        key = f"{name} {deployment}"
        if self._asked_lately(key):
            return None
        if not self._is_wanted(name, deployment, audience):
            self._refresh_later(name)
            return None
        with self._lock:
            spool = self._fetches.get(key)
            if spool is not None:
                return spool
            try:
                self._pause()
            except UnreachableError as error:
                self._unreachable(name, error, audience, is_news=False)
                return None
            if len(self._fetches) >= MOST_UNDER_WAY:
                raise Unavailable("This hub is fetching much from upstream.", hint="Ask again in a moment.")
            spool = self._fetches[key] = Spool(work_folder(self.hub.settings))
            self._threads.submit(self._fetch, name, deployment, spool)
            return spool

    def has_documentation_only(self, name: ModelName) -> bool:
        """Whether only the imported documentation of a version is here."""
        with self.hub.database.reading() as connection:
            version = reading.find_version(connection, name)
            if version is None or version.published_by != DOCUMENTED:
                return False
            return not reading.list_deployments(connection, version)

    def may_bring(self, version: Version) -> bool:
        """Whether upstream may be asked for the files of a version that has only documentation here."""
        is_documented = version.published_by == DOCUMENTED and version.state != DELETED
        return is_documented and self.upstream.has_heard_of(version.name, is_documented=True)

    def close(self) -> None:
        """Stops the running fetches, so that the process can end without waiting for upstream."""
        with self._lock:
            for spool in self._fetches.values():
                spool.fail(DownloadError("The hub stops.", hint="Ask again in a moment."))
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
            self._remember(key)
        except UnreachableError as error:
            failure, self._unreachable_at = error, time.monotonic()
        except HubError as error:
            failure = error
            self._remember(key)
        except Exception:
            _log.exception("Mirroring %s failed in an unexpected way.", name)
            failure = DownloadError(f"{name} could not be fetched.", hint="Ask again in a moment.")
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
                return self.may_bring(version)
            if publisher is not None and not writing.is_mirrored(connection, publisher):
                return False
            # A version without any files has none upstream either.
            if version is not None:
                return deployment not in kinds and bool(kinds)
            return self.upstream.has_heard_of(name, is_documented=False)

    def _pause(self) -> None:
        """Raises when upstream could not be reached a moment ago."""
        if time.monotonic() - self._unreachable_at < _PAUSE_SECONDS:
            raise UnreachableError("The upstream hub cannot be reached.", hint="Ask again in a moment.")

    def _unreachable(
        self, name: ModelName, error: UnreachableError, audience: Audience, is_news: bool = True
    ) -> None:
        """Upstream cannot be asked: serves what is here, or says that nobody knows."""
        if is_news:
            _log.warning("Mirroring %s: %s", name, error)
            self._unreachable_at = time.monotonic()
        if not is_here(self.hub, name, audience):
            raise nobody_knows(name) from error

    def _follow_withdrawals(self, name: ModelName, latest: int) -> None:
        """What is newer here than the newest version upstream may have been withdrawn there."""
        with self.hub.database.reading() as connection:
            here = reading.find_version(connection, name)
        if here is not None and here.number > latest:
            self._refresh_later(here.name)

    def _refresh_later(self, name: ModelName) -> None:
        key = f"{name} state"
        if self._asked_lately(key, _REFRESH_SECONDS):
            return
        with self.hub.database.reading() as connection:
            if mirrored_version(connection, name) is None:
                return  # anybody may make up names without end: none of them waits for a thread
        self._remember(key)
        self._threads.submit(self._refresh, name)

    def _refresh(self, name: ModelName) -> None:
        try:
            refresh(self.hub, self.upstream, name)
        except Exception:
            _log.warning("Upstream does not say whether %s is withdrawn.", name, exc_info=True)

    def _asked_lately(self, key: str, seconds: float = _REMEMBER_SECONDS) -> bool:
        return time.monotonic() - self._asked.get(key, -seconds) < seconds

    def _remember(self, key: str) -> None:
        with self._lock:
            if len(self._asked) >= _MOST_REMEMBERED:
                self._asked.clear()
                self._latest.clear()
            self._asked[key] = time.monotonic()


def nobody_knows(name: ModelName) -> UnreachableError:
    """The answer when nothing is here and upstream cannot be asked."""
    return UnreachableError(
        f"{name} is not here, and the hub that this one mirrors cannot be reached.",
        hint="Ask again in a moment.",
    )


def is_here(hub: Hub, name: ModelName, audience: Audience) -> bool:
    """Whether the version, or any of the model, is in the catalogue for those who ask."""
    with hub.database.reading() as connection:
        return readable_version(connection, name, audience) is not None


def has_files(hub: Hub, name: ModelName, deployment: str, audience: Audience) -> bool:
    """Whether the files of a version are here for those who ask; a version without any counts as whole."""
    with hub.database.reading() as connection:
        version = readable_version(connection, name, audience)
        if version is None:
            return False
        kinds = {found.kind for found in reading.list_deployments(connection, version)}
        return deployment in kinds if kinds or version.published_by == DOCUMENTED else True
