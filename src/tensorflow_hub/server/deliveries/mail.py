"""Mail to members: plain text, one for all that happened in a minute, with a link that ends it."""

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

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.network.foreign_text import one_line
from tensorflow_hub.server.catalogue.deliveries import TEST, Delivery, Outcome, Target
from tensorflow_hub.server.catalogue.mail import SCHEME
from tensorflow_hub.server.catalogue.news import TITLES
from tensorflow_hub.server.settings import ServerSettings

_SECONDS = 15
# Long lines: in shorter ones, Python would write links of headers as words that are not plain.
_FORM = email.policy.SMTP.clone(max_line_length=900)
_LONGEST_REASON = 500
# ASCII only, and nothing that ends a line, a header or an address.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


def is_address(text: str) -> bool:
    r"""Whether a text is a mail address that mail can be sent to.

    >>> is_address("ada@example.com"), is_address("ada@example.com\nBcc: eve@example.com")
    (True, False)
    """
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def check_mail_settings(settings: ServerSettings) -> None:
    """Raises unless mail can be sent as the settings say.

    Raises:
      SettingsError: says what is missing.
    """
    if not settings.smtp_host:
        return
    if not settings.public_url:
        raise SettingsError(
            "Mail needs TFHUB_SERVER_PUBLIC_URL: its links must not be those of whoever asked.",
            hint="For example https://hub.example.com.",
        )
    if not is_address(settings.mail_from):
        raise SettingsError(
            f"Expected a mail address in TFHUB_SERVER_MAIL_FROM, got {settings.mail_from!r}.",
            hint="For example hub@example.com.",
        )
    _password(settings)


def compose(settings: ServerSettings, target: Target, told: Sequence[Delivery]) -> EmailMessage:
    """The mail about what happened; a test asks to confirm the address."""
    message = EmailMessage(policy=_FORM)
    first, links = told[0], f"{settings.public_url}/settings/mail"
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
            "If not, do nothing: no other mail will come.\n"
        )
        return message
    end = f"{links}/stop?code={target.secret}"
    message["List-Unsubscribe"] = f"<{end}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Subject"] = _title(first) if len(told) == 1 else f"{len(told)} news of {target.publisher}"
    parts = [_paragraph(delivery, settings.public_url) for delivery in told]
    message.set_content("\n".join([*parts, f"-- \nNo more mail about {target.publisher}: {end}\n"]))
    return message


def send_mail(settings: ServerSettings, message: EmailMessage) -> Outcome:
    """Hands a mail to the SMTP server of the settings; what it says."""
    try:
        with _connection(settings) as server:
            if settings.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, _password(settings))
            server.send_message(message)
        return Outcome(250, "taken by the mail server")
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
    place: dict[str, Any] = {"host": settings.smtp_host, "port": settings.smtp_port, "timeout": _SECONDS}
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(**place, context=ssl.create_default_context())
    return smtplib.SMTP(**place)


def _title(delivery: Delivery) -> str:
    return TITLES[delivery.action].format(handle=delivery.handle)


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
            hint="It holds the password of the mail server, in one line.",
        ) from error
