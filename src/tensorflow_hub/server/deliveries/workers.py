"""The worker threads of a server process that send the messages in the queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.deliveries import TEST, Delivery
from tensorflow_hub.server.catalogue.delivery_attempts import (
    Outcome,
    Target,
    claim_delivery,
    claim_others,
    has_due,
    record_outcome,
)
from tensorflow_hub.server.catalogue.mail import SCHEME
from tensorflow_hub.server.catalogue.webhooks import find_webhook, switch_off
from tensorflow_hub.server.deliveries.mail import compose, send_mail
from tensorflow_hub.server.deliveries.message import body_of, headers_of
from tensorflow_hub.server.deliveries.sending import send
from tensorflow_hub.server.settings import ServerSettings

_log = logging.getLogger("tensorflow_hub.server")

_THREADS = 3
# How often each thread looks into an empty queue, and how long `close` waits for a message that is being
# sent.
_POLL_SECONDS, _STOP_SECONDS = 1.0, 25.0


class DeliveryWorkers:
    """Threads that send messages until they are closed. Each process of a hub has them.

    Args:
      settings: the URL of the hub, the allowed private networks, the mail server.
      database: the catalogue, which has the queue.
    """

    def __init__(self, settings: ServerSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._is_closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True)
            for number in range(_THREADS)
        ]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stops the threads after the messages that are being sent. The others stay in the queue."""
        self._is_closing.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._is_closing.wait(_POLL_SECONDS):
            self._send_all()

    def _send_all(self) -> None:
        try:
            while not self._is_closing.is_set() and self._send_next():
                pass
        except (sa.exc.SQLAlchemyError, OSError):
            _log.warning(
                "The queue of messages cannot be read or changed. The next try is in %s s.",
                _POLL_SECONDS,
                exc_info=True,
            )
        except Exception:  # the thread continues, because this may concern one message only
            _log.exception("A message to a webhook could not be sent because of an unexpected error.")

    def _send_next(self) -> bool:
        """Sends one message. Returns False if none is due."""
        with self._database.reading() as connection:
            if not has_due(connection):
                return False
        with self._database.writing() as connection:
            claimed = claim_delivery(connection)
        if claimed is None:  # another process claimed it first
            return False
        delivery, target = claimed
        if target.url.startswith(SCHEME):
            self._mail(delivery, target)
            return True
        body = body_of(delivery, target.publisher, self._base)
        headers = headers_of(delivery.id, body, target.secret)
        outcome = send(target.url, body, headers, self._settings.webhook_networks)
        self._record([delivery], outcome)
        return True

    def _mail(self, delivery: Delivery, target: Target) -> None:
        """Sends one mail about this event and all others that wait for the same member."""
        deliveries = [delivery]
        if delivery.action != TEST:
            with self._database.writing() as connection:
                deliveries = claim_others(connection, delivery)
        outcome = Outcome(None, "This hub no longer sends mail: TFHUB_SERVER_SMTP_HOST is not set.")
        if self._settings.smtp_host:
            outcome = send_mail(self._settings, compose(self._settings, target, deliveries))
        if not outcome.is_success:
            _log.warning("A mail about %s could not be sent: %s", target.publisher, outcome.answer)
        self._record(deliveries, outcome)

    def _record(self, deliveries: Sequence[Delivery], outcome: Outcome) -> None:
        """Records the outcome of what was sent together, in one transaction.

        If that fails, all of it is sent again when the claim ends: together, and with the same ids.
        """
        with self._database.writing() as connection:
            for delivery in deliveries:
                reason = record_outcome(connection, delivery, outcome)
                if reason is not None:
                    _switch_off(connection, delivery.webhook_id, reason)

    @property
    def _base(self) -> str:
        settings = self._settings
        return settings.public_url or f"http://{settings.host}:{settings.port}"


def _switch_off(connection: sa.Connection, webhook_id: int, reason: str) -> None:
    switch_off(connection, webhook_id, reason)
    webhook = find_webhook(connection, webhook_id)
    if webhook is not None:  # None for a subscription to mail, which the audit log does not have
        detail = {"webhook": webhook.id, "reason": reason}
        add_entry(connection, "the hub", "", "webhook.off", webhook.publisher or "", **detail)
