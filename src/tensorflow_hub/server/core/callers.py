"""Who makes a request: the token it carries and the address it comes from."""

from __future__ import annotations

import dataclasses
import ipaddress

from starlette.requests import Request

from tensorflow_hub.errors import AuthenticationError
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.catalogue.tokens import find_token
from tensorflow_hub.server.core.hub import Hub, hub_of

# Longer ones cannot be tokens of a hub; looking them up would only cost time.
_LONGEST_TOKEN = 200


@dataclasses.dataclass(frozen=True)
class Caller:
    """A person or program that makes a request; `token` is None for an anonymous one."""

    token: Token | None
    address: str

    @property
    def name(self) -> str:
        """The name in the audit log."""
        return self.token.name if self.token else "anonymous"


def caller_of(request: Request) -> Caller:
    """Reads the token (`Authorization: Bearer …`, or Basic with the token as password) and the address.

    Raises:
      AuthenticationError: a token came that is unknown, revoked or expired.
      TooManyRequests: its address sent too many such tokens.
    """
    hub = hub_of(request)
    address = address_of(request)
    secret = _secret(request)
    if secret is None:
        return Caller(None, address)
    token = _find(hub, secret)
    if token is None:  # only now: others behind the same address have good tokens
        hub.metrics.count("unknown_tokens")
        hub.limits.guess(address)
        raise AuthenticationError(
            "Expected a token of this hub, got one that is unknown, revoked or expired.",
            hint="Ask the hub's administrator for a new one. What is public can be read without: unset "
            "TFHUB_TOKEN, or `tfhub login --forget`.",
        )
    return Caller(token, address)


def address_of(request: Request) -> str:
    """The address of the client; behind trusted proxies the one they report."""
    peer = request.client.host if request.client else "unknown"
    if not is_trusted_proxy(request, peer):
        return peer
    # The last address that no trusted proxy of ours has: everything before it can be made up.
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        address = _plain_address(hop.strip())
        if address is None:
            break
        peer = address
        if not is_trusted_proxy(request, address):
            break
    return peer


def is_trusted_proxy(request: Request, address: str) -> bool:
    """Whether `X-Forwarded-*` headers from `address` are believed."""
    trusted = hub_of(request).settings.trusted_proxies
    if not trusted:
        return False
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip  # as a socket for both kinds of addresses reports it
    return any(ip in ipaddress.ip_network(network, strict=False) for network in trusted)


def _plain_address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return None


def _find(hub: Hub, secret: str) -> Token | None:
    if not secret or len(secret) > _LONGEST_TOKEN:
        return None
    with hub.database.reading() as connection:
        return find_token(connection, secret)


def _secret(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        return _basic_password(value.strip())
    return ""


def _basic_password(value: str) -> str:
    import base64
    import binascii

    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return decoded.partition(":")[2]
