"""What a source is: a kind of place that modules come from, and all that the library has to know of it.

A source reads handles, says which version is the latest, and offers bytes. Everything else is the same for
all of them and lies outside: the cache, leases, staging, the lock file, mirrors, `TFHUB_OFFLINE`, progress,
retries, checks of archives, names and digests.

A file of a source imports no `requests` at its top: reading a handle must cost nothing when the cache has it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tensorflow_hub.errors import (
    ArchiveError,
    DigestError,
    DownloadError,
    HubError,
    NotFoundError,
    RequestError,
    UnreachableError,
)
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.network.session import HubSession
    from tensorflow_hub.resolving.transfer.offers import Offer

# What a place does wrong so that the next one is tried: everything but what is wrong on our side.
FAILURES = (NotFoundError, UnreachableError, DownloadError, DigestError, ArchiveError, RequestError)


@dataclasses.dataclass(frozen=True)
class Location:
    """What a source read in a handle. A source may derive its own, with more fields.

    Attributes:
      handle: as the user wrote it.
      name: the one spelling of it. The cache is named by it, so that all spellings share a copy.
      is_fixed: it names a version or a commit, whose content never changes: the source is not asked again.
      page: the address of its page for people, "" when there is none.
    """

    handle: str
    name: str
    is_fixed: bool
    page: str = ""


L = TypeVar("L", bound=Location)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A place where a module may be.

    Attributes:
      place: for messages: a URL or a handle, without secrets.
      open: asks there. Gives what is offered; raises NotFoundError and others when it is not there.
    """

    place: str
    open: Callable[[], Offer]


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a candidate did not give the module."""

    place: str
    problem: HubError


@dataclasses.dataclass(frozen=True)
class About:
    """What a source tells about a module without downloading it. Texts are what strangers wrote.

    Attributes:
      title: one line.
      description: Markdown, "" when there is none.
      license: its name as the source writes it, "" when it does not say.
      page: the address of its page for people.
      versions: that there are, the latest last; empty when the source does not list them.
    """

    title: str = ""
    description: str = ""
    license: str = ""
    page: str = ""
    versions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Source(Generic[L]):
    """A kind of place that modules come from. A source overrides `parse` and `open`, and what else it knows.

    One is made for each handle that is resolved; it keeps nothing.

    Attributes:
      settings: those of the process.
    """

    settings: Settings

    def parse(self, handle: str) -> L | None:
        """Reads a handle.

        Args:
          handle: `scheme://…`, of a scheme or host that the table has for this source.

        Returns:
          The location; None when it is not for this source after all, and the next one in the table is asked.

        Raises:
          HandleError: it is meant for this source, and malformed. The message names the parts it must have.
        """
        raise NotImplementedError

    def open(self, location: L, session: HubSession) -> Offer:
        """Asks for the module and gives the best that the source offers.

        Args:
          location: of this source.
          session: sends this source's credentials, retries, and turns refusals into errors by `error_of`.

        Raises:
          NotFoundError, ForbiddenError, UnreachableError, …: it cannot be had.
        """
        raise NotImplementedError

    def candidates(self, location: L, session: HubSession) -> Iterable[Candidate]:
        """The places to try, in order; a generator can let one depend on the answer of the one before."""
        yield Candidate(location.handle, lambda: self.open(location, session))

    def latest(self, location: L, session: HubSession) -> str | None:
        """Which version a location that is not fixed stands for now; None when the source does not tell.

        Raises:
          NotFoundError, UnreachableError, …: as `open`.
        """
        return None

    def withdrawal(self, location: L, session: HubSession) -> str | None:
        """Why the publisher withdrew a fixed version, "" without a reason; None when it is not withdrawn.

        Nothing is downloaded for it. A source that knows no withdrawals need not ask anybody.

        Raises:
          NotFoundError: it is not there any more.
          UnreachableError, …: as `open`.
        """
        return None

    def at_version(self, location: L, version: str) -> L:
        """The fixed location of a version of `location`."""
        raise NotImplementedError

    def folders(self, location: L) -> Iterable[str]:
        """Directories where other programs on this machine keep the module; only read, when complete."""
        return ()

    def authorization(self, url: str) -> str | None:
        """The value of the header `Authorization` for a request to exactly this URL, also after a redirect.

        Give credentials to the source's own host only. They are sent over https, or to this machine.
        """
        return None

    def error_of(self, response: requests.Response, location: L) -> HubError | None:
        """The error that a refusal stands for; None when it means what it usually means.

        Passing refusals (429, 5xx) were repeated before.
        """
        return None

    def explain(self, location: L, failures: Sequence[Failure]) -> HubError:
        """The error to raise when no candidate gave the module; by default that of the last one."""
        return failures[-1].problem

    def about(self, location: L, session: HubSession) -> About:
        """What the source tells about the module, for `tfhub show` and for mirrors."""
        return About(title=location.name, page=location.page)


class Place(NamedTuple):
    """A location and the source that it is of."""

    source: Source[Any]
    location: Location
