"""Parses the forms of values that only settings of the hub have; see also `tensorflow_hub.setting_values`."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from collections.abc import Callable

from tensorflow_hub.api.names import ROLES
from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.setting_values import parse_hub_url


def parse_positive(text: str) -> int:
    """Reads a whole number of at least 1."""
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError("expected a whole number of at least 1")
    return int(text)


def parse_port(text: str) -> int:
    """Reads a port; 0 lets the system choose a free one."""
    if not text.strip().isdigit() or int(text) > 65535:
        raise ValueError("expected a port from 0 to 65535")
    return int(text)


def parse_networks(text: str) -> tuple[str, ...]:
    """Reads addresses and networks separated by commas.

    >>> parse_networks("10.0.0.0/8, 127.0.0.1")
    ('10.0.0.0/8', '127.0.0.1')
    """
    networks = tuple(name.strip() for name in text.split(",") if name.strip())
    wrong = next((network for network in networks if not _is_network(network)), None)
    if wrong is not None:
        raise ValueError(f"expected addresses such as 10.0.0.0/8, got {wrong!r}")
    return networks


def parse_public_url(text: str) -> str:
    """Reads the URL of a hub. It must not have a path, which would become part of every handle.

    >>> parse_public_url("https://hub.example.com/")
    'https://hub.example.com'
    """
    if not text.strip():
        return ""
    url = parse_hub_url(text)
    parts = urllib.parse.urlsplit(url)
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("expected a scheme and a host without a path, such as https://hub.example.com")
    return url


def parse_upstream(text: str) -> str:
    """Reads the address of a hub, or `tfhub` for the models that tfhub.dev had; empty for none.

    >>> parse_upstream("https://hub.example/"), parse_upstream("tfhub")
    ('https://hub.example', 'tfhub')
    """
    text = text.strip()
    return text.lower() if text.lower() in {"", "tfhub"} else parse_hub_url(text)


def parse_site_name(text: str) -> str:
    """Reads the name of a site."""
    text = text.strip()
    if not text or len(text) > 60 or not text.isprintable():
        raise ValueError("expected a name of 1 to 60 printable characters")
    return text


def parse_contact(text: str) -> str:
    """Reads a mail address or a URL, as a URL.

    >>> parse_contact("hub@example.com"), parse_contact("https://example.com/help")
    ('mailto:hub@example.com', 'https://example.com/help')
    """
    text = text.strip()
    if re.fullmatch(r"[^@:/?#\s]+@[^@:/?#\s]+", text):
        return f"mailto:{text}"
    if text and not re.fullmatch(r"(https?://|mailto:)[!-~]+", text):
        raise ValueError("expected a mail address, or a URL that begins with https://, http:// or mailto:")
    return text


def parse_colour(text: str) -> str:
    """Reads a colour as `#rrggbb`; empty for the one of the style sheet.

    >>> parse_colour(" #1A73E8 ")
    '#1a73e8'
    """
    text = text.strip().lower()
    if text and not re.fullmatch(r"#[0-9a-f]{6}", text):
        raise ValueError("expected a colour such as #1a73e8")
    return text


def parse_issuer(text: str) -> str:
    """Reads the issuer of an OpenID Connect provider, as the provider writes it.

    >>> parse_issuer("https://login.example.com/realms/acme")
    'https://login.example.com/realms/acme'
    """
    text = text.strip()
    if text and not re.fullmatch(
        r"https://[!-~]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[!-~]*)?", text
    ):
        raise ValueError("expected a URL that begins with https:// (http:// on this machine only)")
    return text


def parse_domains(text: str) -> tuple[str, ...]:
    """Reads domains of mail addresses separated by commas.

    >>> parse_domains("Example.com, example.org")
    ('example.com', 'example.org')
    """
    return tuple(name.strip().lower().lstrip("@") for name in text.split(",") if name.strip())


def parse_group_roles(text: str) -> tuple[tuple[str, str, str], ...]:
    """Reads which group has which role in which publisher; `*` stands for all publishers.

    >>> parse_group_roles("ml-team = acme:publisher, admins = *:owner")
    (('ml-team', 'acme', 'publisher'), ('admins', '*', 'owner'))
    """
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        match = re.fullmatch(rf"(.+?)\s*=\s*([^\s:=]+):({'|'.join(ROLES)})", part)
        if match is None or not (match[2] == "*" or is_publisher_name(match[2])):
            raise ValueError(f"expected group=publisher:role with a role of {', '.join(ROLES)}, got {part!r}")
        found.append((match[1], match[2], match[3]))
    return tuple(found)


def one_of(*values: str) -> Callable[[str], str]:
    """Returns a parser that accepts one of several words, in upper or lower case.

    >>> one_of("text", "json")("JSON")
    'json'
    """

    def parse(text: str) -> str:
        if text.strip().lower() not in values:
            raise ValueError(f"expected {', '.join(values[:-1])} or {values[-1]}")
        return text.strip().lower()

    return parse


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
