"""How often an address or a token may do something: token buckets in memory, per process."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict

from tensorflow_hub.server.core.problems import TooManyRequests
from tensorflow_hub.server.settings import ServerSettings

# Keys remembered at once; the ones idle for longest go first.
_MOST_KEYS = 50_000


class RateLimit:
    """Allows `count` events per `seconds` and key, spread evenly, in bursts of up to `count`.

    Args:
      count: events; 0 allows all.
      seconds: the time they are counted in.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self.count = count
        self.seconds = seconds
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key → (tokens left, when)
        self._lock = threading.Lock()

    def wait(self, key: str, *, take: bool = True) -> float:
        """Takes an event, or only looks; the seconds to wait when there is none left (0: none)."""
        if not self.count:
            return 0.0
        now = time.monotonic()
        with self._lock:
            left, at = self._buckets.pop(key, (float(self.count), now))
            left = min(float(self.count), left + (now - at) * self.count / self.seconds)
            enough = left >= 1
            self._buckets[key] = (left - 1 if enough and take else left, now)
            while len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
        return 0.0 if enough else (1 - left) * self.seconds / self.count


class Limits:
    """The rate limits of a hub, one bucket for each address or token."""

    def __init__(self, settings: ServerSettings) -> None:
        self._requests = RateLimit(settings.requests_per_minute, 60)
        self._guesses = RateLimit(settings.guesses_per_minute, 60)
        self._publishes = RateLimit(settings.publishes_per_hour, 3600)

    def request(self, address: str) -> None:
        """Counts a request of an address, of IPv6 of its network.

        Raises:
          TooManyRequests: when it made too many; says when to try again.
        """
        _refuse_after(self._requests.wait(source_of(address)), "requests from this address")

    def guess(self, address: str) -> None:
        """Counts an unknown token of an address.

        Raises:
          TooManyRequests: when it sent too many; good tokens are taken from there all the same.
        """
        _refuse_after(self._guesses.wait(source_of(address)), "unknown tokens from this address")

    def publish(self, token: int) -> None:
        """Counts an upload of a token."""
        _refuse_after(self._publishes.wait(str(token)), "uploads with this token")


def source_of(address: str) -> str:
    """What counts as one source: an address of IPv4; of IPv6 a network, as anybody gets a whole one.

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


def _refuse_after(seconds: float, what: str) -> None:
    if seconds > 0:
        raise TooManyRequests(what, seconds)
