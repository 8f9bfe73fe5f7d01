"""Finds the IP address of a client, also behind trusted proxies."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

from tensorflow_hub.server.core.hub import hub_of


def address_of(request: Request) -> str:
    """Returns the address of the client; behind trusted proxies the one that they report."""
    peer = request.client.host if request.client else "unknown"
    if not is_trusted_proxy(request, peer):
        return peer
    # Find the last address that is not of a trusted proxy. A client can forge the addresses before it.
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        address = _plain_address(hop.strip())
        if address is None:
            break
        peer = address
        if not is_trusted_proxy(request, address):
            break
    return peer


def is_trusted_proxy(request: Request, address: str) -> bool:
    """Whether `address` belongs to a trusted proxy, whose `X-Forwarded-*` headers are used."""
    trusted = hub_of(request).settings.trusted_proxies
    if not trusted:
        return False
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip  # a socket for IPv4 and IPv6 reports IPv4 clients as ::ffff:…
    return any(ip in ipaddress.ip_network(network, strict=False) for network in trusted)


def _plain_address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return None
