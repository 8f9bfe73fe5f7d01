"""Subscriptions of members to mail about the models of their publishers."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tensorflow_hub.server.catalogue import mail
from tensorflow_hub.server.catalogue.mail import Subscription
from tensorflow_hub.server.catalogue.members import find_member
from tensorflow_hub.server.catalogue.reading import find_publisher
from tensorflow_hub.server.catalogue.records import User
from tensorflow_hub.server.catalogue.users import grants_of_user
from tensorflow_hub.server.catalogue.writing import lock_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Missing


def publishers_of(connection: sa.Connection, user: User) -> list[str]:
    """Returns the names of the publishers that a user is a member of."""
    return [grant.publisher for grant in grants_of_user(connection, user) if grant.publisher is not None]


def subscribe_to(
    connection: sa.Connection, caller: Caller, publisher: str, address: str, events: Sequence[str]
) -> None:
    """Subscribes a member to mail about events of a publisher.

    An address that is also the user's name has been verified by the user's identity provider, and needs no
    confirmation. Other addresses get a mail with a link to confirm them.

    Raises:
      Missing: the user is not a member, or there is no such publisher. Both give the same message, so that
        nobody learns the names of private publishers.
    """
    assert caller.user is not None
    found = find_publisher(connection, publisher)
    if found is None or find_member(connection, found, caller.user.id) is None:
        raise Missing(
            f"You are not a member of a publisher {publisher[:100]!r}.", hint="Its owners can invite you."
        )
    lock_publisher(connection, found)
    is_confirmed = address.lower() == caller.user.name.lower()
    mail.subscribe(connection, caller.user.id, found, address, events, is_confirmed=is_confirmed)


def own_subscription(connection: sa.Connection, user_id: int, publisher: str) -> Subscription:
    """Returns the subscription of a user to mail about a publisher.

    Raises:
      Missing: there is none.
    """
    for found in mail.subscriptions_of(connection, user_id):
        if found.publisher == publisher:
            return found
    raise Missing(
        f"You get no mail about {publisher[:100]!r}.", hint="There is no subscription to change or to end."
    )
