"""An SMTP server on loopback that keeps what it is given."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import ssl
import threading
from email.message import EmailMessage
from typing import Any


class MailServer:
    """A context manager.

    Attributes:
      mails: what came, parsed; with the recipients of the envelope.
      refusal: what it answers to every mail in place of taking it, such as b"451 later".
      password: that it wants, of the user `hub`; "" for none. With a certificate, only under TLS.
      secured: how many connections were put under TLS.

    Args:
      password: see above.
      certificate: certificate and key (PEM) for STARTTLS; it offers none without.
    """

    def __init__(self, password: str = "", certificate: tuple[str, str] | None = None) -> None:
        self.secured = 0
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.refusal = b""
        self.password = password
        keeper = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                keeper._serve(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> MailServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for recipients, mail in self.mails if recipients == [address]]

    def _serve(self, connection: Any) -> None:
        recipients: list[str] = []
        is_known = not self.password
        is_secured = False
        self._say(connection, b"220 here")
        while line := connection.rfile.readline():
            verb, _, rest = line.strip().decode().partition(" ")
            if verb.upper() == "EHLO":
                may_sign_in = self.password and (is_secured or self._tls is None)
                offers = [b"STARTTLS"] * (self._tls is not None and not is_secured)
                offers += [b"AUTH PLAIN"] if may_sign_in else []
                first = [b"250-here\r\n", *(b"250-" + offer + b"\r\n" for offer in offers)]
                self._say(connection, b"".join(first) + b"250 8BITMIME")
            elif verb.upper() == "STARTTLS" and self._tls is not None:
                self._say(connection, b"220 go on")
                if not self._secure(connection):
                    return
                is_secured, is_known = True, not self.password
            elif verb.upper() == "AUTH":
                is_known = base64.b64decode(rest.split()[1]) == f"\0hub\0{self.password}".encode()
                self._say(connection, b"235 known" if is_known else b"535 unknown")
            elif verb.upper() == "RCPT":
                recipients.append(rest[len("TO:<") : -1])
                self._say(connection, b"250 fine" if is_known else b"530 who are you")
            elif verb.upper() == "DATA":
                self._say(connection, b"354 go on")
                self._take(connection, recipients)
                recipients = []
            elif verb.upper() == "QUIT":
                self._say(connection, b"221 bye")
                return
            else:
                self._say(connection, b"250 fine")

    def _secure(self, connection: Any) -> bool:
        try:
            secured = self._tls.wrap_socket(connection.request, server_side=True)
        except OSError:  # the client does not trust the certificate
            return False
        self.secured += 1
        connection.rfile, connection.wfile = secured.makefile("rb"), secured.makefile("wb")
        return True

    def _take(self, connection: Any, recipients: list[str]) -> None:
        text = b""
        while (line := connection.rfile.readline()) not in {b".\r\n", b""}:
            text += line[1:] if line.startswith(b"..") else line
        if not self.refusal:
            self.mails.append((recipients, email.message_from_bytes(text, policy=email.policy.default)))
        self._say(connection, self.refusal or b"250 taken")

    def _say(self, connection: Any, line: bytes) -> None:
        connection.wfile.write(line + b"\r\n")
        connection.wfile.flush()
