"""The threads of a server process that send what waits in the queue."""

from __future__ import annotations

import logging
import threading

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.deliveries import (
    TEST,
    Delivery,
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
# How often each looks into the queue when it was empty, and how long the end of a message is waited for.
_POLL_SECONDS, _STOP_SECONDS = 1.0, 25.0


class Senders:
    """Sends messages until it is closed; other processes of the hub may do the same.

    Args:
      settings: the URL of the hub, and where webhooks may be.
      database: the catalogue, with the queue.
    """

    def __init__(self, settings: ServerSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True)
            for number in range(_THREADS)
        ]

    def start(self) -> None:
        """Begins to send."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Lets what is being sent come to its end; the rest stays in the queue."""
        self._ends.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._ends.wait(_POLL_SECONDS):
            self._send_all()

    def _send_all(self) -> None:
        try:
            while not self._ends.is_set() and self._send_next():
                pass
        except (sa.exc.SQLAlchemyError, OSError):
            _log.warning("The queue of webhooks cannot be used; it is tried again.", exc_info=True)
        except Exception:  # the thread goes on: other messages may be fine
            _log.exception("A message to a webhook failed in an unexpected way.")

    def _send_next(self) -> bool:
        """Sends one message; False when none is due."""
        with self._database.reading() as connection:
            if not has_due(connection):
                return False
        with self._database.writing() as connection:
            claimed = claim_delivery(connection)
        if claimed is None:  # another process was faster
            return False
        delivery, target = claimed
        if target.url.startswith(SCHEME):
            self._mail(delivery, target)
            return True
        body = body_of(delivery, target.publisher, self._base)
        headers = headers_of(delivery.id, body, target.secret)
        outcome = send(target.url, body, headers, self._settings.webhook_networks)
        self._record(delivery, outcome)
        return True

    def _mail(self, delivery: Delivery, target: Target) -> None:
        """Tells a member of all that waits, in one mail."""
        told = [delivery]
        if delivery.action != TEST:
            with self._database.writing() as connection:
                told = claim_others(connection, delivery)
        outcome = Outcome(None, "This hub sends no mail any more.")
        if self._settings.smtp_host:
            outcome = send_mail(self._settings, compose(self._settings, target, told))
        if not outcome.is_success:
            _log.warning("A mail about %s was not taken: %s", target.publisher, outcome.answer)
        for each in told:
            self._record(each, outcome)

    def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        with self._database.writing() as connection:
            reason = record_outcome(connection, delivery, outcome)
            if reason is None:
                return
            switch_off(connection, delivery.webhook_id, reason)
            webhook = find_webhook(connection, delivery.webhook_id)
            if webhook is not None:  # else a member gets no mail any more
                noted = {"webhook": webhook.id, "reason": reason}
                add_entry(connection, "the hub", "", "webhook.off", webhook.publisher or "", **noted)

    @property
    def _base(self) -> str:
        settings = self._settings
        return settings.public_url or f"http://{settings.host}:{settings.port}"
