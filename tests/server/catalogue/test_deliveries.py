"""The queue of messages on a real PostgreSQL: changes of one webhook at once do not end each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from catalogues import put_entry
from patience import PATIENCE, until
from transactions import waiting_transactions

from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.deliveries import queue_test, remove_receiver
from tensorflow_hub.server.catalogue.delivery_attempts import (
    Outcome,
    claim_delivery,
    claim_others,
    record_outcome,
)
from tensorflow_hub.server.catalogue.tables import deliveries, webhooks
from tensorflow_hub.server.catalogue.webhooks import add_webhook

pytestmark = pytest.mark.services


@pytest.fixture
def database(postgresql_catalogue):
    put_entry(postgresql_catalogue, "acme/words/1")
    return postgresql_catalogue


def test_a_webhook_is_removed_while_the_outcome_of_a_message_is_noted(database):
    with database.writing() as connection:
        webhook, _ = add_webhook(connection, None, "https://ci.example.com/", [], "test")
        queue_test(connection, webhook.id)
    with database.writing() as connection:
        delivery, _ = claim_delivery(connection)
    failures = []

    def remove():
        try:
            with database.writing() as connection:
                remove_receiver(connection, webhook.id)
        except sa.exc.SQLAlchemyError as error:
            failures.append(error)

    thread = threading.Thread(target=remove)
    with database.writing() as connection:
        # As `record_outcome` begins: another process is between its lock and its change.
        connection.execute(sa.select(webhooks.c.id).where(webhooks.c.id == webhook.id).with_for_update())
        thread.start()
        until(lambda: waiting_transactions(database), "the removal that waits")
        record_outcome(connection, delivery, Outcome(200, "thanks"))
    thread.join(PATIENCE)
    assert failures == []
    with database.reading() as connection:
        assert connection.execute(sa.select(deliveries.c.id)).first() is None
        assert connection.execute(sa.select(webhooks.c.id)).first() is None


def test_the_oldest_message_is_claimed_first_while_another_process_holds_it(database):
    with database.writing() as connection:
        add_webhook(connection, None, "https://ci.example.com/", ["publish", "withdraw"], "test")
        add_entry(connection, "ann", "127.0.0.1", "publish", "acme/words/1")
        add_entry(connection, "ann", "127.0.0.1", "withdraw", "acme/words/1")
    claimed = []

    def claim():
        with database.writing() as connection:
            claimed.append(claim_delivery(connection))

    thread = threading.Thread(target=claim)
    with database.writing() as connection:
        # Another process is between its lock of the message and its change.
        oldest = sa.select(deliveries.c.id).order_by(deliveries.c.audit_id).limit(1)
        connection.execute(oldest.with_for_update())
        thread.start()
        until(lambda: claimed or waiting_transactions(database), "the claim that waits or is done")
    thread.join(PATIENCE)
    [(delivery, _)] = claimed
    assert delivery.action == "publish"


def test_processes_that_claim_together_get_one_message_and_it_is_the_oldest(database):
    with database.writing() as connection:
        add_webhook(connection, None, "https://ci.example.com/", ["publish", "withdraw"], "test")
    for _ in range(20):
        with database.writing() as connection:
            connection.execute(sa.delete(deliveries))
            for action in ("publish", "withdraw", "withdraw"):
                add_entry(connection, "ann", "127.0.0.1", action, "acme/words/1")
        start = threading.Barrier(6)

        def claim(_, start=start):
            with database.writing() as connection:
                start.wait(PATIENCE)
                return claim_delivery(connection)

        with ThreadPoolExecutor(6) as pool:
            claims = list(filter(None, pool.map(claim, range(6))))
        assert [delivery.action for delivery, _ in claims] == ["publish"]


def test_events_of_one_mail_are_in_their_order_even_if_a_later_one_was_due_first(database):
    with database.writing() as connection:
        add_webhook(connection, None, "https://ci.example.com/", ["publish", "withdraw"], "test")
        add_entry(connection, "ann", "127.0.0.1", "publish", "acme/words/1")
        add_entry(connection, "ann", "127.0.0.1", "withdraw", "acme/words/1")
        latest = sa.select(sa.func.max(deliveries.c.audit_id)).scalar_subquery()
        due = sa.update(deliveries).where(deliveries.c.audit_id == latest)
        connection.execute(due.values(due_at=deliveries.c.due_at - 5))
    with database.writing() as connection:
        first, _ = claim_delivery(connection)
        together = claim_others(connection, first)
    assert first.action == "withdraw"
    assert [delivery.action for delivery in together] == ["publish", "withdraw"]
    assert {(delivery.attempts, delivery.claimed_until) for delivery in together} == {
        (1, first.claimed_until)
    }


def test_a_webhook_is_removed_while_a_message_for_it_is_queued(database):
    with database.writing() as connection:
        webhook, _ = add_webhook(connection, None, "https://ci.example.com/", ["publish"], "test")
    failures = []

    def queue():
        try:
            with database.writing() as connection:
                add_entry(connection, "ann", "127.0.0.1", "publish", "acme/words/1")
        except sa.exc.SQLAlchemyError as error:
            failures.append(error)

    thread = threading.Thread(target=queue)
    with database.writing() as connection:
        remove_receiver(connection, webhook.id)
        thread.start()
        until(lambda: waiting_transactions(database), "the message that waits for the removal")
    thread.join(PATIENCE)
    assert failures == []
    with database.reading() as connection:
        assert connection.execute(sa.select(deliveries.c.id)).first() is None
