"""The queue of messages on a real PostgreSQL: changes of one webhook at once do not end each other."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from catalogues import put_entry
from patience import PATIENCE, until
from real_services import Postgres

from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.deliveries import queue_test, remove_receiver
from tensorflow_hub.server.catalogue.delivery_attempts import Outcome, claim_delivery, record_outcome
from tensorflow_hub.server.catalogue.migrate import migrate
from tensorflow_hub.server.catalogue.tables import deliveries, webhooks
from tensorflow_hub.server.catalogue.webhooks import add_webhook

pytestmark = pytest.mark.services


@pytest.fixture
def database(tmp_path):
    server = Postgres().start()
    database = Database(database_url(server.new_database("deliveries"), tmp_path))
    migrate(database)
    put_entry(database, "acme/words/1")
    yield database
    database.close()
    server.remove()


def has_lock_waiter(database):
    with database.reading() as connection:
        waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return connection.execute(waiting).scalar_one() > 0


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
        until(lambda: has_lock_waiter(database), "the removal that waits")
        record_outcome(connection, delivery, Outcome(200, "thanks"))
    thread.join(PATIENCE)
    assert failures == []
    with database.reading() as connection:
        assert connection.execute(sa.select(deliveries.c.id)).first() is None
        assert connection.execute(sa.select(webhooks.c.id)).first() is None


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
        until(lambda: has_lock_waiter(database), "the message that waits for the removal")
    thread.join(PATIENCE)
    assert failures == []
    with database.reading() as connection:
        assert connection.execute(sa.select(deliveries.c.id)).first() is None
