"""What a provider says of a person → a user of this hub, with the roles of the person's groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import ForbiddenError
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.members import find_member, remove_member, set_role
from tensorflow_hub.server.catalogue.records import User
from tensorflow_hub.server.catalogue.users import ROLES, add_user, find_identity, has_name, set_scope
from tensorflow_hub.server.catalogue.writing import ensure_publisher
from tensorflow_hub.server.settings import ServerSettings

# Who "added" a member whose role comes of a group: only such roles end with the group.
_BY_GROUP = "group of the provider"
_EVERY = "*"


def user_of(
    connection: sa.Connection, settings: ServerSettings, claims: Mapping[str, Any], address: str
) -> User:
    """The user with the identity that the claims tell, added at the first sign-in, with the roles of today.

    Raises:
      ForbiddenError: the person is not let in, or is disabled here.
    """
    _check_domain(settings, claims)
    user = find_identity(connection, settings.oidc_issuer, claims["sub"])
    if user is None:
        name = _free_name(connection, claims)
        user = add_user(connection, settings.oidc_issuer, claims["sub"], name)
        add_entry(connection, user.name, address, "user.add", "")
    if user.disabled_at is not None:
        raise ForbiddenError("This user is disabled on this hub.", hint="Ask the hub's administrator.")
    _take_roles(connection, settings, user, _texts(claims.get("groups")))
    return user


def _check_domain(settings: ServerSettings, claims: Mapping[str, Any]) -> None:
    """Only mail addresses count that the provider has verified: others can be made up."""
    if not settings.oidc_domains:
        return
    mail = claims.get("email")
    domain = mail.rpartition("@")[2].lower() if isinstance(mail, str) else ""
    if claims.get("email_verified") is not True or domain not in settings.oidc_domains:
        raise ForbiddenError(
            "This hub lets in people with a verified mail address of "
            f"{' or '.join(settings.oidc_domains)} only.",
            hint="Sign in with such an address, or ask the hub's administrator.",
        )


def _free_name(connection: sa.Connection, claims: Mapping[str, Any]) -> str:
    """What the hub calls the person: the verified mail address, else the name at the provider."""
    known = [claims.get("email")] if claims.get("email_verified") is True else []
    known += [claims.get("preferred_username"), "user"]
    text = next(name for name in known if isinstance(name, str) and name)
    base = re.sub(r"[^A-Za-z0-9._+@-]", "-", text)[:60]
    number, name = 1, base
    while has_name(connection, name):
        number += 1
        name = f"{base}-{number}"
    return name


def _take_roles(
    connection: sa.Connection, settings: ServerSettings, user: User, groups: frozenset[str]
) -> None:
    """Gives the roles of the groups, and takes those away that came of groups the person left."""
    order = list(ROLES)
    best: dict[str, str | None] = {place: None for _, place, _ in settings.oidc_roles}
    for group, place, role in settings.oidc_roles:
        if group in groups:
            best[place] = max(best[place] or role, role, key=order.index)
    for place, wanted in best.items():
        if place == _EVERY:
            set_scope(connection, user, ROLES[wanted] if wanted else None)
            continue
        publisher = ensure_publisher(connection, place)
        known = find_member(connection, publisher, user.id)
        by_group = known is not None and known.added_by == _BY_GROUP
        if wanted is None:
            if by_group:
                remove_member(connection, publisher, user.id)
        elif known is None or by_group or order.index(known.role) < order.index(wanted):
            set_role(connection, publisher.id, user.id, wanted, _BY_GROUP)


def _texts(value: object) -> frozenset[str]:
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )
