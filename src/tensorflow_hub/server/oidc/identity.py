"""Finds or adds the user for the claims of an OpenID Connect provider, and sets the roles of the groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.api.names import ROLES
from tensorflow_hub.errors import ForbiddenError
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.members import find_member, remove_member, set_role
from tensorflow_hub.server.catalogue.records import User
from tensorflow_hub.server.catalogue.users import add_user, find_identity, has_name, set_scope
from tensorflow_hub.server.catalogue.writing import ensure_publisher, lock_publisher
from tensorflow_hub.server.settings import ServerSettings

# `added_by` of members whose role comes from a group. Only these lose the role when they leave the group.
_ADDED_BY_GROUP = "group of the provider"
_ALL_PUBLISHERS = "*"


def sign_in_user(
    connection: sa.Connection, settings: ServerSettings, claims: Mapping[str, Any], address: str
) -> User:
    """Returns the user whom the claims identify, and updates the roles that come from groups.

    A user is added at the first sign-in.

    Args:
      connection: a transaction of the catalogue.
      settings: which domains may sign in, and which groups give which roles.
      claims: the verified claims of the ID token.
      address: the IP address of the browser, for the audit log.

    Raises:
      ForbiddenError: the domain of the user's mail address is not allowed, or the user is disabled.
    """
    _check_domain(settings, claims)
    user = find_identity(connection, settings.oidc_issuer, claims["sub"])
    if user is None:
        name = _free_name(connection, claims)
        user = add_user(connection, settings.oidc_issuer, claims["sub"], name)
        add_entry(connection, user.name, address, "user.add", "")
    if user.disabled_at is not None:
        raise ForbiddenError("This user is disabled on this hub.", hint="Ask the hub's administrator.")
    _update_roles(connection, settings, user, _strings(claims.get("groups")))
    return user


def _check_domain(settings: ServerSettings, claims: Mapping[str, Any]) -> None:
    """Checks the domain of the mail address. Addresses that the provider has not verified may be false."""
    if not settings.oidc_domains:
        return
    mail = claims.get("email")
    domain = mail.rpartition("@")[2].lower() if isinstance(mail, str) else ""
    if claims.get("email_verified") is not True or domain not in settings.oidc_domains:
        raise ForbiddenError(
            "Only people with a verified mail address of "
            f"{' or '.join(settings.oidc_domains)} can sign in to this hub.",
            hint="Sign in with such an address, or ask the hub's administrator.",
        )


def _free_name(connection: sa.Connection, claims: Mapping[str, Any]) -> str:
    """Returns a free name: the verified mail address or the name at the provider, with a number if needed."""
    known = [claims.get("email")] if claims.get("email_verified") is True else []
    known += [claims.get("preferred_username"), "user"]
    text = next(name for name in known if isinstance(name, str) and name)
    base = re.sub(r"[^A-Za-z0-9._+@-]", "-", text)[:60]
    number, name = 1, base
    while has_name(connection, name):
        number += 1
        name = f"{base}-{number}"
    return name


def _update_roles(
    connection: sa.Connection, settings: ServerSettings, user: User, groups: frozenset[str]
) -> None:
    """Gives a user the roles of the groups, and removes roles of groups that the user has left."""
    order = list(ROLES)
    highest: dict[str, str | None] = {name: None for _, name, _ in settings.oidc_roles}
    for group, name, role in settings.oidc_roles:
        if group in groups:
            highest[name] = max(highest[name] or role, role, key=order.index)
    for name, new_role in highest.items():
        if name == _ALL_PUBLISHERS:
            set_scope(connection, user, ROLES[new_role] if new_role else None)
            continue
        publisher = ensure_publisher(connection, name)
        lock_publisher(connection, publisher)
        member = find_member(connection, publisher, user.id)
        by_group = member is not None and member.added_by == _ADDED_BY_GROUP
        if new_role is None:
            if by_group:
                remove_member(connection, publisher, user.id)
        elif member is None or by_group or order.index(member.role) < order.index(new_role):
            set_role(connection, publisher.id, user.id, new_role, _ADDED_BY_GROUP)


def _strings(value: object) -> frozenset[str]:
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )
