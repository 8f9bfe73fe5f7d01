"""The names of scopes, roles and events, which the hub, its API and the command line use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

# The scopes of tokens; each includes the ones before it.
SCOPES = ("read", "publish", "admin")
# Role of a member of a publisher → the scope that the member has for the publisher.
ROLES: Mapping[str, str] = {"reader": "read", "publisher": "publish", "owner": "admin"}


@dataclasses.dataclass(frozen=True)
class EventText:
    """How an event of a version is described.

    Attributes:
      title: what happened, with `{handle}` for the version.
      choice: when it happens, for a list to choose from.
    """

    title: str
    choice: str


# The events for feeds, webhooks and mail. They are actions of the audit log.
EVENTS: Mapping[str, EventText] = {
    "publish": EventText("{handle} was published", "a version is published"),
    "withdraw": EventText("{handle} was withdrawn", "a version is withdrawn"),
    "restore": EventText("{handle} is no longer withdrawn", "a withdrawn version is restored"),
    "delete": EventText("{handle} was deleted", "a version is deleted"),
    "card": EventText("The documentation of {handle} changed", "a card changes"),
}
