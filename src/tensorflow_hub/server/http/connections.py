"""Opens HTTP connections only to checked addresses: the host name is not resolved again after the check."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, TypeAlias

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from tensorflow_hub.errors import DownloadError
from tensorflow_hub.network.certificates import TlsAdapter
from tensorflow_hub.network.timely_head import TIMELY_POOLS
from tensorflow_hub.settings import Settings

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
# IPv6 addresses that a router translates to IPv4 addresses (NAT64).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


# The private networks of RFC 1918, and for IPv6 that of RFC 4193.
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_THIS_MACHINE = "this machine"


class PinnedAdapter(TlsAdapter):
    """Sends requests; those to a pinned host go only to its pinned addresses.

    Otherwise, an attacker's name server could give one address to the check and another to the connection.

    Args:
      settings: which certificates are trusted.
      pinned_only: whether to refuse connections to all other hosts.
    """

    def __init__(self, settings: Settings, *, pinned_only: bool = False) -> None:
        self._pinned: dict[str, Sequence[Address]] = {}
        self._pinned_only = pinned_only
        super().__init__(settings)

    def pin(self, host: str, addresses: Sequence[Address]) -> None:
        """Sets the only addresses to which connections to a host may go."""
        self._pinned[host.lower()] = addresses

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Makes the pools of connections, which use the pinned addresses."""
        super().init_poolmanager(*arguments, **options)
        pinned = {"pinned": self._pinned, "pinned_only": self._pinned_only}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type(
                "_PinnedPool", (pool,), {"ConnectionCls": type("_To", (_Pinned, connection), pinned)}
            )
            for scheme, pool in TIMELY_POOLS.items()
            for connection in (pool.ConnectionCls,)
        }


class _Pinned:
    """Makes connections of urllib3 connect to the pinned addresses."""

    pinned: dict[str, Sequence[Address]]
    pinned_only: bool
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        connect: Any = super()._new_conn  # type: ignore[misc]
        host = self._dns_host
        addresses = self.pinned.get(host.strip("[]").lower())
        if addresses is None:
            if self.pinned_only:
                raise ConnectTimeoutError(f"the host {host!r} was not checked")
            return connect()  # type: ignore[no-any-return]
        failure: Exception | None = None
        for address in addresses:
            self._dns_host = str(address)
            try:
                return connect()  # type: ignore[no-any-return]
            except (NewConnectionError, ConnectTimeoutError) as error:
                failure = error
            finally:
                self._dns_host = host  # the certificate is checked for the name, not for the address
        assert failure is not None
        raise failure


def addresses_of(host: str) -> list[Address]:
    """Returns the addresses of a host; IPv6 addresses that contain an IPv4 address become that one.

    Raises:
      DownloadError: the host has no address.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DownloadError(f"The host {host!r} cannot be found.", hint="Check the network.") from error
    return [plain_address(str(item[4][0])) for item in found]


def is_public(address: Address) -> bool:
    """Whether an address is a public unicast address of the Internet.

    >>> [is_public(plain_address(text)) for text in ("9.9.9.9", "169.254.169.254", "224.0.0.1")]
    [True, False, False]
    """
    return address.is_global and not address.is_multicast


def is_beside(address: Address, own: Sequence[Address]) -> bool:
    """Whether a private address is in the same private network as a hub with the addresses `own`.

    For a hub on this machine, only addresses of this machine are: its redirects open no other network.

    >>> store = plain_address("10.0.0.2")
    >>> is_beside(store, [plain_address("10.0.0.1")]), is_beside(store, [plain_address("127.0.0.1")])
    (True, False)
    """
    networks = {_private_network(item) for item in own}
    is_one = len({network is _THIS_MACHINE for network in networks}) == 1
    return None not in networks and is_one and _private_network(address) in networks


def _private_network(address: Address) -> str | None:
    """Returns the private network of an address; None if it is public or for special uses."""
    if address.is_loopback or address.is_unspecified:
        return _THIS_MACHINE
    return next((str(network) for network in _PRIVATE if address in network), None)


def plain_address(text: str) -> Address:
    """Parses an address without its zone; an IPv6 address that contains an IPv4 address becomes that one.

    >>> plain_address("::ffff:127.0.0.1"), plain_address("64:ff9b::a00:1")
    (IPv4Address('127.0.0.1'), IPv4Address('10.0.0.1'))
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
