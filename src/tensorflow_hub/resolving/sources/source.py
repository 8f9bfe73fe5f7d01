"""The interface of sources. A source is a kind of place that modules are downloaded from.

A source parses handles, knows the latest version, and says where the bytes are. Everything else is the same
for all sources and is not in their files: the cache, leases, staging, the lock file, mirrors,
`TFHUB_OFFLINE`, progress, retries, and the checks of archives, names and digests.

The file of a source does not import `requests` at its top, because parsing the handle of a cached module has
to be fast.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tensorflow_hub.errors import (
    ArchiveError,
    DigestError,
    DownloadError,
    HubError,
    NotFoundError,
    RequestError,
    TrustError,
    UnreachableError,
)
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.network.session import HubSession
    from tensorflow_hub.resolving.transfer.offers import Offer

# After these errors the next place is tried. Other errors have their cause on this machine.
FAILURES = (
    NotFoundError,
    UnreachableError,
    DownloadError,
    DigestError,
    TrustError,
    ArchiveError,
    RequestError,
)


@dataclasses.dataclass(frozen=True)
class Location:
    """A parsed handle. Sources may add fields in subclasses.

    Attributes:
      handle: the handle as the user wrote it.
      name: its canonical spelling, the name in the cache, so that all spellings share one copy.
      is_fixed: whether it names a version or a commit, whose content never changes. Then a cached copy is
        used
        without asking the source.
      page: the URL of the module's web page; "" for none.
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
      place: its name for messages: a URL or a handle, without secrets.
      open: a function that asks there and returns an offer. It raises NotFoundError and other errors.
    """

    place: str
    open: Callable[[], Offer]


@dataclasses.dataclass(frozen=True)
class Failure:
    """A candidate that does not have the module, with the error."""

    place: str
    problem: HubError


@dataclasses.dataclass(frozen=True)
class About:
    """The description of a module on its source. The texts are not trusted: strangers wrote them.

    Attributes:
      title: one line.
      description: Markdown; "" for none.
      license: the name of the licence as the source writes it; "" if it is unknown.
      page: the URL of the module's web page.
      versions: the existing versions, the latest last; empty if the source does not list them.
    """

    title: str = ""
    description: str = ""
    license: str = ""
    page: str = ""
    versions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Documentation:
    """What a hub has beside the files of a version. Nothing of it is trusted: strangers wrote it.

    Attributes:
      card: Markdown with the fields of cards; "" for none.
      pictures: the path by which the card refers to one → its file.
      measurements: what was measured, as the API of hubs tells it.
      card_updated_at: when the card was last changed at its source (ISO 8601); "" if it is not known.
    """

    card: str = ""
    pictures: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    measurements: Sequence[Any] = ()
    card_updated_at: str = ""


@dataclasses.dataclass(frozen=True)
class Source(Generic[L]):
    """The base class of sources. A source has to override `parse` and `open`. Other methods are optional.

    A new object is made for each handle. It has no state.

    Attributes:
      settings: the settings of the process.
    """

    settings: Settings

    def parse(self, handle: str) -> L | None:
        """Parses a handle.

        Args:
          handle: `scheme://…`, with a scheme or host that the table has for this source.

        Returns:
          The location; None if the handle is not one of this source, so that the next source of the table is
          asked.

        Raises:
          HandleError: it is a handle of this source, but malformed. The message says which parts it must
            have.
        """
        raise NotImplementedError

    def open(self, location: L, session: HubSession) -> Offer:
        """Asks for the module, and returns how it can be downloaded.

        Args:
          location: a location of this source.
          session: the session for requests. It sends the credentials of this source, repeats requests, and
            raises
            the errors of `error_of`.

        Raises:
          NotFoundError, ForbiddenError, UnreachableError, …: the module cannot be downloaded.
        """
        raise NotImplementedError

    def candidates(self, location: L, session: HubSession) -> Iterable[Candidate]:
        """The places to try, in order. In a generator, a place may depend on the answer of the one before."""
        yield Candidate(location.handle, lambda: self.open(location, session))

    def latest(self, location: L, session: HubSession) -> str | None:
        """The latest version, for a location that is not fixed; None if the source does not know versions.

        Raises:
          NotFoundError, UnreachableError, …: as for `open`.
        """
        return None

    def withdrawal(self, location: L, session: HubSession) -> str | None:
        """The reason for which a fixed version was withdrawn, "" for no reason; None if it is not withdrawn.

        The module is not downloaded for this. A source without withdrawals returns None.

        Raises:
          NotFoundError: the version does not exist any more.
          UnreachableError, …: as for `open`.
        """
        return None

    def signatures(self, location: L, session: HubSession) -> Sequence[str]:
        """The signatures of a fixed version that the source has: envelopes in JSON, none of them verified.

        Raises:
          UnreachableError, …: as `open`.
        """
        return ()

    def documentation(self, location: L, session: HubSession) -> Documentation:
        """What the source has beside the files of a fixed version; nothing if it is no hub of this program.

        Raises:
          UnreachableError, …: as `open`.
        """
        return Documentation()

    def at_version(self, location: L, version: str) -> L:
        """The fixed location for a version of `location`."""
        raise NotImplementedError

    def folders(self, location: L) -> Iterable[str]:
        """Directories of other programs on this machine with the module. Complete ones are read."""
        return ()

    def authorization(self, url: str) -> str | None:
        """The header `Authorization` for a request to exactly this URL, perhaps the target of a redirect.

        Return credentials only for the source's own host. They are sent only over https, or to this machine.
        """
        return None

    def error_of(self, response: requests.Response, location: L) -> HubError | None:
        """The error for an answer that is not a success; None for the usual error of its status.

        Requests with temporary errors (429, 5xx) were repeated before. An answer with the status of a success
        is given here if it is not the file that was listed.
        """
        return None

    def explain(self, location: L, failures: Sequence[Failure]) -> HubError:
        """The error to raise if no candidate has the module; by default the error of the last one."""
        return failures[-1].problem

    def about(self, location: L, session: HubSession) -> About:
        """The description of the module on the source, for `tfhub show` and mirrors."""
        return About(title=location.name, page=location.page)


class Place(NamedTuple):
    """A location with its source."""

    source: Source[Any]
    location: Location
