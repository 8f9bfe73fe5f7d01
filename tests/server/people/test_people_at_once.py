"""People of a publisher that several requests change at the same time, on a real PostgreSQL.

Each test holds the first transaction open until the second one waits for it.
"""

from __future__ import annotations

import pytest
from transactions import waiting_work

from tensorflow_hub.errors import ConflictError
from tensorflow_hub.server.catalogue import mail
from tensorflow_hub.server.catalogue.members import add_invitation, list_members, set_role
from tensorflow_hub.server.catalogue.records import Grant
from tensorflow_hub.server.catalogue.signatures import list_keys
from tensorflow_hub.server.catalogue.users import add_user, find_user
from tensorflow_hub.server.catalogue.writing import ensure_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.people import members
from tensorflow_hub.server.people.mail import subscribe_to
from tensorflow_hub.server.signing.keys import add_key

pytestmark = pytest.mark.services

KEY = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # of RFC 8032, test 1


@pytest.fixture(name="database")
def _database(postgresql_catalogue):
    return postgresql_catalogue


@pytest.fixture
def publisher(database):
    """`acme`, with the owner ann and the reader bob."""
    with database.writing() as connection:
        publisher = ensure_publisher(connection, "acme")
        for name, role in (("ann", "owner"), ("bob", "reader")):
            user = add_user(connection, "", name, name)
            set_role(connection, publisher.id, user.id, role, "test")
        return publisher


@pytest.fixture
def people(database, publisher):
    """Name → caller."""
    with database.reading() as connection:
        found = list_members(connection, publisher)
        users = {member.name: find_user(connection, member.user_id) for member in found}
    scopes = {"ann": "admin", "bob": "read"}
    return {
        name: Caller(None, "127.0.0.1", (Grant("acme", scopes[name]),), user) for name, user in users.items()
    }


def roles(database, publisher):
    with database.reading() as connection:
        return {member.name: member.role for member in list_members(connection, publisher)}


def in_transaction(database, work):
    def run():
        with database.writing() as connection:
            return work(connection)

    return run


def test_a_member_who_is_removed_does_not_come_back_by_a_change_of_the_role(database, publisher, people):
    ann, bob = people["ann"], people["bob"].user.id
    change = in_transaction(database, lambda c: members.change_role(c, ann, publisher, bob, "publisher"))
    with waiting_work(database) as start:
        with database.writing() as connection:
            members.remove(connection, ann, publisher, bob)
            changed = start(change)
            assert not changed.done()
        with pytest.raises(Missing, match="has no member"):
            changed.result()
    assert roles(database, publisher) == {"ann": "owner"}


def test_of_two_owners_who_leave_at_once_one_stays(database, publisher, people):
    ann, bob = people["ann"], people["bob"]
    with database.writing() as connection:
        set_role(connection, publisher.id, bob.user.id, "owner", "test")
    leave = in_transaction(database, lambda c: members.remove(c, bob, publisher, bob.user.id))
    with waiting_work(database) as start:
        with database.writing() as connection:
            members.remove(connection, ann, publisher, ann.user.id)
            left = start(leave)
            assert not left.done()
        with pytest.raises(ConflictError, match="bob is the last owner"):
            left.result()


def test_a_user_who_accepts_two_invitations_at_once_gets_the_higher_role(database, publisher):
    with database.writing() as connection:
        eve = add_user(connection, "", "eve", "eve")
        invitations = [
            add_invitation(connection, publisher, role, "", created_by="ann", seconds=60)[0]
            for role in ("publisher", "reader")
        ]
    accept = in_transaction(database, lambda c: members.accept(c, eve, "127.0.0.1", invitations[1]))
    with waiting_work(database) as start:
        with database.writing() as connection:
            members.accept(connection, eve, "127.0.0.1", invitations[0])
            accepted = start(accept)
            assert not accepted.done()
        accepted.result()
    assert roles(database, publisher)["eve"] == "publisher"


def test_an_invitation_that_is_accepted_at_the_same_moment_is_not_withdrawn(database, publisher, people):
    with database.writing() as connection:
        eve = add_user(connection, "", "eve", "eve")
        made, _ = add_invitation(connection, publisher, "reader", "", created_by="ann", seconds=60)
    withdraw = in_transaction(
        database, lambda c: members.withdraw_invitation(c, people["ann"], publisher, made.id)
    )
    with waiting_work(database) as start:
        with database.writing() as connection:
            members.accept(connection, eve, "127.0.0.1", made)
            withdrawn = start(withdraw)
            assert not withdrawn.done()
        with pytest.raises(Missing, match="There is no invitation"):
            withdrawn.result()
    assert roles(database, publisher)["eve"] == "reader"


def test_a_member_who_subscribes_twice_at_once_gets_each_mail_once(database, publisher, people):
    bob = people["bob"]

    def subscribe(connection, address):
        subscribe_to(connection, bob, "acme", address, ["publish"])

    with waiting_work(database) as start:
        with database.writing() as connection:
            subscribe(connection, "bob@example.com")
            subscribed = start(in_transaction(database, lambda c: subscribe(c, "bob@home.example")))
            assert not subscribed.done()
        subscribed.result()
    with database.reading() as connection:
        found = mail.subscriptions_of(connection, bob.user.id)
    assert [subscription.address for subscription in found] == ["bob@home.example"]


def test_of_two_requests_that_add_a_key_one_is_told_that_it_is_there(database, publisher, people):
    def add(connection):
        add_key(connection, people["ann"], publisher, KEY, "laptop")

    with waiting_work(database) as start:
        with database.writing() as connection:
            add(connection)
            added = start(in_transaction(database, add))
            assert not added.done()
        with pytest.raises(ConflictError, match="already has the key"):
            added.result()
    with database.reading() as connection:
        assert len(list_keys(connection, publisher)) == 1
