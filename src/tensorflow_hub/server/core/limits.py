"""Limits how often an address or a token may do something, in all processes of a hub together.

The counts are in the catalogue. To save a query for each request, a process takes a share of the allowed
events from the catalogue, counts it down in memory, and caches until when exhausted keys are refused.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import logging
import math
import threading
import time
from collections import OrderedDict

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.rates import Rate, remove_full_buckets, take
from tensorflow_hub.server.core.problems import TooManyRequests
from tensorflow_hub.server.settings import ServerSettings

# How many keys a process caches; the least recently used ones are removed first.
_MOST_KEYS = 50_000
# The part of a limit that a process takes at a time. It is small, because other processes cannot use it. An
# unused share expires after the time in which the same number of events becomes available again.
_SHARE = 1 / 20

_log = logging.getLogger("tensorflow_hub.server")


@dataclasses.dataclass
class _Share:
    """The events that a process took from a bucket, and the time (monotonic clock) at which they expire."""

    events: int
    until: float


@dataclasses.dataclass(frozen=True)
class Limit:
    """A limit for the events of one token or one address. Endpoints name their limits in `routes.py`.

    Attributes:
      name: the name of the events in the catalogue.
      what: the name of the events in messages and documents.
      setting: the field of `ServerSettings` with the number of events; 0 there means no limit.
      seconds: the time in which the number is allowed; an hour at most.
    """

    name: str
    what: str
    setting: str
    seconds: float

    def __str__(self) -> str:
        return f"`TFHUB_SERVER_{self.setting.upper()}` {self.what}"


REQUESTS = Limit("requests", "requests from one address", "requests_per_minute", 60)
UNKNOWN_TOKENS = Limit("guesses", "unknown tokens from one address", "guesses_per_minute", 60)
PROGRAMS = Limit("logins", "programs at one address that ask to be signed in", "guesses_per_minute", 60)
PREDICTIONS = Limit(
    "predictions",
    "answers of models for one token, or for one address without a token",
    "predictions_per_minute",
    60,
)
CONFIRMATIONS = Limit("mails", "mail addresses that are asked", "mail_confirmations_per_hour", 3600)
UPLOADS = Limit("publishes", "uploads with one token", "publishes_per_hour", 3600)
MEASUREMENTS = Limit("measurements", "measurements with one token", "publishes_per_hour", 3600)


class SharedLimit:
    """A limit for each key, which all processes of a catalogue share.

    Args:
      database: the catalogue.
      name: the name of the events; a part of the keys in the catalogue.
      rate: the allowed events in a time; a count of 0 allows all.
    """

    def __init__(self, database: Database, name: str, rate: Rate) -> None:
        self.rate = rate
        self._database = database
        self._name = name
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._lock = threading.Lock()

    def wait_here(self, key: str) -> float | None:
        """Takes an event from this process's share, without a query of the catalogue.

        Returns:
          0.0 if the event is allowed; the seconds to wait if the limit is reached; None if the catalogue has
          to be queried.
        """
        if not self.rate.count:
            return 0.0
        now = time.monotonic()
        with self._lock:
            share = self._shares.get(key)
            if share is None:
                return None
            if share.until <= now:  # an expired share is lost
                del self._shares[key]
                return None
            if not share.events:
                return share.until - now
            share.events -= 1
            if not share.events:
                del self._shares[key]
            return 0.0

    def wait(self, key: str) -> float:
        """Takes an event, and queries the catalogue if needed; returns 0.0, or the seconds to wait."""
        wait = self.wait_here(key)
        if wait is not None:
            return wait
        wanted = math.ceil(self.rate.count * _SHARE)
        try:
            with self._database.writing() as connection:
                taken, wait = take(connection, f"{self._name} {key}", self.rate, wanted)
        except sa.exc.SQLAlchemyError:
            # Allow events that cannot be counted: otherwise, an error of the limits would stop the hub.
            _log.warning("Events for the limit of %s could not be counted.", self._name, exc_info=True)
            return 0.0
        until = time.monotonic() + (wait or wanted * self.rate.seconds / self.rate.count)
        if taken != 1:  # this event uses one
            self._cache(key, max(0, taken - 1), until)
        return wait

    def _cache(self, key: str, events: int, until: float) -> None:
        with self._lock:
            share = self._shares.setdefault(key, _Share(0, until))
            share.events += events  # several threads may have queried the catalogue at the same time
            share.until = until
            self._shares.move_to_end(key)
            while len(self._shares) > _MOST_KEYS:
                self._shares.popitem(last=False)


class Limits:
    """The rate limits of a hub, with one bucket for each address or token."""

    def __init__(self, settings: ServerSettings, database: Database) -> None:
        self._database = database
        self._limits = {
            limit: SharedLimit(database, limit.name, Rate(getattr(settings, limit.setting), limit.seconds))
            for limit in (
                REQUESTS,
                UNKNOWN_TOKENS,
                PROGRAMS,
                PREDICTIONS,
                CONFIRMATIONS,
                UPLOADS,
                MEASUREMENTS,
            )
        }

    async def request(self, address: str) -> None:
        """Counts a request of an address (for IPv6: of its network).

        Raises:
          TooManyRequests: the address sent too many; says when to try again.
        """
        limit, key = self._limits[REQUESTS], source_of(address)
        wait = limit.wait_here(key)
        if wait is None:
            wait = await run_in_threadpool(limit.wait, key)
        _refuse_after(wait, REQUESTS)

    def count(self, limit: Limit, key: str) -> None:
        """Counts an event of a token or an address (see `source_of`).

        Raises:
          TooManyRequests: the limit is reached; says when to try again.
        """
        _refuse_after(self._limits[limit].wait(key), limit)

    def sweep(self) -> None:
        """Removes the buckets that are full again, which have no effect; to be called regularly."""
        with self._database.writing() as connection:
            remove_full_buckets(connection, max(limit.seconds for limit in self._limits))


def source_of(address: str) -> str:
    """Returns the key of an address: itself for IPv4, its network for IPv6, where a user has many addresses.

    >>> source_of("192.0.2.7"), source_of("::ffff:192.0.2.7"), source_of("2001:db8:1:2:3::4")
    ('192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64')
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def _refuse_after(seconds: float, limit: Limit) -> None:
    if seconds > 0:
        raise TooManyRequests(limit.what, seconds)
