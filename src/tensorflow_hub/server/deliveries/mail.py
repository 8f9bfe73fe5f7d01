"""Writes and sends mail to members: plain text, one mail for the events of a minute, an unsubscribe link."""

from __future__ import annotations

import email.policy
import re
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from pathlib import Path
from typing import Any

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.errors import SettingsError
from tensorflow_hub.network.foreign_text import one_line
from tensorflow_hub.server.catalogue.deliveries import TEST, Delivery
from tensorflow_hub.server.catalogue.delivery_attempts import Outcome, Target
from tensorflow_hub.server.catalogue.mail import SCHEME
from tensorflow_hub.server.settings import ServerSettings

_TIMEOUT_SECONDS = 15
# With shorter lines, Python would encode long links in headers, and mail programs would not recognise them.
_POLICY = email.policy.SMTP.clone(max_line_length=900)
_LONGEST_REASON = 500
# ASCII only, without characters that could end a line, a header or an address.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


def is_address(text: str) -> bool:
    r"""Whether a text is a valid mail address.

    >>> is_address("ada@example.com"), is_address("ada@example.com\nBcc: eve@example.com")
    (True, False)
    """
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def check_mail_settings(settings: ServerSettings) -> None:
    """Checks that the settings for mail are complete.

    Raises:
      SettingsError: a setting is missing or not valid.
    """
    if not settings.smtp_host:
        return
    if not settings.public_url:
        raise SettingsError(
            "Mail needs TFHUB_SERVER_PUBLIC_URL, the URL of the hub in the links of mails.",
            hint="For example https://hub.example.com.",
        )
    if not is_address(settings.mail_from):
        raise SettingsError(
            f"Expected a mail address in TFHUB_SERVER_MAIL_FROM, got {settings.mail_from!r}.",
            hint="For example hub@example.com.",
        )
    _password(settings)


def compose(settings: ServerSettings, target: Target, deliveries: Sequence[Delivery]) -> EmailMessage:
    """Returns one mail about all events; for a test delivery, a mail that asks to confirm the address.

    Args:
      settings: the name and URL of the hub, and the sender.
      target: the mail address, and the code of its links.
      deliveries: the events, at least one.
    """
    message = EmailMessage(policy=_POLICY)
    first, links = deliveries[0], f"{settings.public_url}/settings/mail"
    host = settings.mail_from.rpartition("@")[2]
    message["From"] = formataddr((settings.site_name, settings.mail_from))
    message["To"] = target.url.removeprefix(SCHEME)
    message["Date"] = formatdate(first.at)
    message["Message-ID"] = f"<{first.id}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    if first.action == TEST:
        message["Subject"] = f"Do you want mail about {target.publisher}?"
        message.set_content(
            f"A user of {settings.site_name} wants mail about the models of {target.publisher} at this "
            f"address.\nIf that is you, confirm it here:\n\n{links}/confirm?code={target.secret}\n\n"
            "If not, ignore this mail. You will get no other one.\n"
        )
        return message
    unsubscribe_url = f"{links}/stop?code={target.secret}"
    message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    count = len(deliveries)
    message["Subject"] = _title(first) if count == 1 else f"{count} events of {target.publisher}"
    parts = [_paragraph(delivery, settings.public_url) for delivery in deliveries]
    footer = f"-- \nTo get no more mail about {target.publisher}: {unsubscribe_url}\n"
    message.set_content("\n".join([*parts, footer]))
    return message


def send_mail(settings: ServerSettings, message: EmailMessage) -> Outcome:
    """Sends a mail through the SMTP server of the settings, and returns its answer."""
    try:
        with _connection(settings) as server:
            if settings.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, _password(settings))
            server.send_message(message)
        return Outcome(250, "accepted by the mail server")
    except smtplib.SMTPRecipientsRefused as error:
        [(code, text)] = error.recipients.values()
        return Outcome(code, one_line(text.decode(errors="replace"), 300))
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        answer = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return Outcome(error.smtp_code, one_line(answer, 300))
    except (smtplib.SMTPException, OSError, SettingsError) as error:
        return Outcome(None, one_line(f"The mail server cannot be used: {error}", 300))


def _connection(settings: ServerSettings) -> smtplib.SMTP:
    options: dict[str, Any] = {
        "host": settings.smtp_host,
        "port": settings.smtp_port,
        "timeout": _TIMEOUT_SECONDS,
    }
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(**options, context=ssl.create_default_context())
    return smtplib.SMTP(**options)


def _title(delivery: Delivery) -> str:
    return EVENTS[delivery.action].title.format(handle=delivery.handle)


def _paragraph(delivery: Delivery, base: str) -> str:
    reason = one_line(str(delivery.detail.get("reason") or ""), _LONGEST_REASON)
    lines = [f"{_title(delivery)}.", *([f"Reason: {reason}"] if reason else []), f"{base}/{delivery.handle}"]
    return "\n".join(lines) + "\n"


def _password(settings: ServerSettings) -> str:
    path = settings.smtp_password_file
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() if path else ""
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"Expected a readable file at {path!r} (TFHUB_SERVER_SMTP_PASSWORD_FILE): {error}.",
            hint="Write the password for the mail server into it, in one line.",
        ) from error
