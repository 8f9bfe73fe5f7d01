"""Mail to members: confirmed, in one for what happens together, ended by one click, only with the rights."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import re

import pytest
import requests
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from failing_catalogue import end_claims, has_claims, outcomes_are_refused
from hub_content import card
from mail_server import MailServer
from patience import PATIENCE, until
from private_hub import HIDDEN, api, private_hub
from web_visitor import Visitor

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.deliveries import Delivery
from tensorflow_hub.server.catalogue.delivery_attempts import Target
from tensorflow_hub.server.catalogue.tables import deliveries
from tensorflow_hub.server.deliveries.mail import check_mail_settings, compose, is_address, send_mail
from tensorflow_hub.server.settings import ServerSettings

PAGE = "/settings/mail"
BASE = "http://hub.example"


def mail_settings(server, **more):
    return {
        "TFHUB_SERVER_PUBLIC_URL": BASE,
        "TFHUB_SERVER_SMTP_HOST": "127.0.0.1",
        "TFHUB_SERVER_SMTP_PORT": str(server.port),
        "TFHUB_SERVER_SMTP_SECURITY": "none",
        "TFHUB_SERVER_MAIL_FROM": "hub@hub.example",
        **more,
    }


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)], name="hub"
)
def _hub(request, tmp_path_factory):
    """A hub of two processes with a mail server."""
    data = tmp_path_factory.mktemp("mail") / "data"
    with MailServer() as server:
        settings = {"TFHUB_SERVER_WORKERS": "2", **mail_settings(server)}
        with private_hub(data, request.param, **settings) as hub:
            hub.mail_server = server
            yield hub


@pytest.fixture
def server(hub):
    return hub.mail_server


class Member(Visitor):
    """A browser of a member, at the address of the settings."""

    def post(self, action, headers=None, files=None, **fields):
        return super().post(action, headers={"Origin": BASE, **(headers or {})}, files=files, **fields)


@pytest.fixture
def new_member(hub):
    """Makes readers of the private publisher."""

    def make(name):
        path = "/api/v1/publishers/hidden/invitations"
        url = api(hub, "POST", path, json={"role": "reader"}).json()["url"]
        member = Member(hub.url)
        assert member.send(url.removeprefix(BASE), "/settings/join", name=name).status_code == 201
        return member

    return make


def put_card(hub, handle=HIDDEN):
    api(hub, "PUT", "/api/v1/cards", json={"handle": handle, "card": card(handle, "Placeholder")})


@contextlib.contextmanager
def database_of(hub):
    database = Database(database_url(hub.settings.get("TFHUB_SERVER_DATABASE", ""), hub.data))
    yield database
    database.close()


def make_all_due(hub):
    """Lets the time pass that mail waits for what else happens, or for its next attempt."""
    with database_of(hub) as database, database.writing() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.state == "waiting").values(due_at=0))


def link_in(mail, what):
    [path] = re.findall(rf"{BASE}({PAGE}/{what}\?code=[\w-]+)", mail.get_content())
    return path


ALL = dict.fromkeys(EVENTS, "on")


def subscribe(hub, server, member, address, events=ALL):
    """Asks for mail, and confirms the address by the link in the first one."""
    assert member.send(PAGE, publisher="hidden", address=address, **events).status_code == 303
    until(lambda: server.to(address), "the mail that asks")
    path = link_in(server.to(address)[0], "confirm")
    assert Member(hub.url).send(path, f"{PAGE}/confirm").status_code == 200


def test_a_member_confirms_gets_one_mail_for_all_and_ends_it_by_one_click(hub, server, new_member):
    member, address = new_member("ada"), "ada@example.com"
    assert member.send(PAGE, publisher="hidden", address=address, **ALL).status_code == 303
    assert "not confirmed" in member.open(PAGE).text
    until(lambda: server.to(address), "the mail that asks")
    [asking] = server.to(address)
    assert asking["Subject"] == "Do you want mail about hidden?"
    put_card(hub)
    make_all_due(hub)
    path = link_in(asking, "confirm")
    assert Member(hub.url).open(path).status_code == 200
    assert "not confirmed" in member.open(PAGE).text, "to look at the link does nothing"
    assert Member(hub.url).send(path, f"{PAGE}/confirm").status_code == 200
    assert "not confirmed" not in member.open(PAGE).text
    put_card(hub)
    api(hub, "POST", "/api/v1/withdrawals", json={"handle": HIDDEN, "reason": "bad\nBcc: eve@example.com"})
    api(hub, "POST", "/api/v1/restorations", json={"handle": HIDDEN})
    put_card(hub, "public/other/1")
    assert len(server.to(address)) == 1
    make_all_due(hub)
    until(lambda: len(server.to(address)) == 2, "the mail about three events")
    told = server.to(address)[1]
    assert told["Subject"] == "3 events of hidden"
    assert told["From"] == "TensorFlow Hub <hub@hub.example>"
    assert told.get_content_type() == "text/plain"
    text = told.get_content()
    assert text.index("documentation") < text.index("was withdrawn") < text.index("no longer withdrawn")
    assert "Reason: bad Bcc: eve@example.com" in text
    assert f"{BASE}/{HIDDEN}" in text
    assert "public" not in text
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = told["List-Unsubscribe"].strip("<> ").removeprefix(BASE)
    assert Member(hub.url).open(path).status_code == 200
    assert address in member.open(PAGE).text, "to look at the link does nothing"
    click = {"data": {"List-Unsubscribe": "One-Click"}, "timeout": PATIENCE}
    assert requests.post(hub.url + path, **click).status_code == 200
    assert address not in member.open(PAGE).text
    assert requests.post(hub.url + path, **click).status_code == 404


def test_a_member_chooses_events_on_the_page_and_by_the_api(hub, server, new_member):
    member, address = new_member("erin"), "erin@example.com"
    subscribe(hub, server, member, address, {"withdraw": "on"})
    row = "".join(
        f'<td data-label="{label}">{text}</td>'
        for label, text in {"Events": "withdraw", "To": address, "State": "on"}.items()
    )
    assert row in member.open(PAGE).text
    made = member.send("/settings/tokens", name="mail", scope="read", publisher="hidden").text
    token = re.search(r"tfhub_[\w-]+", made)[0]
    other = re.search(
        r"tfhub_[\w-]+",
        new_member("eve").send("/settings/tokens", name="m", scope="read", publisher="hidden").text,
    )[0]

    def ask(method, path, token, **options):
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{hub.url}{path}", headers=headers, timeout=PATIENCE, **options)

    told = {"publisher": "hidden", "address": address, "events": ["withdraw"], "reason": ""}
    assert ask("GET", "/api/v1/mail", token).json() == {"mail": [told]}
    assert ask("GET", "/api/v1/mail", other).json() == {"mail": []}
    refused = ask("PATCH", "/api/v1/mail/hidden", other, json={"events": ["card"]})
    assert refused.status_code == 404
    assert "You get no mail about 'hidden'" in refused.text
    assert ask("PATCH", "/api/v1/mail/hidden", token, json={"events": []}).status_code == 400
    assert ask("PATCH", "/api/v1/mail/hidden", token, json={"events": ["login"]}).status_code == 400
    put_card(hub)
    api(hub, "POST", "/api/v1/withdrawals", json={"handle": HIDDEN, "reason": "wrong"})
    make_all_due(hub)
    until(lambda: len(server.to(address)) == 2, "the mail about a withdrawal")
    assert server.to(address)[1]["Subject"] == f"{HIDDEN} was withdrawn"
    changed = ask("PATCH", "/api/v1/mail/hidden", token, json={"events": ["restore", "card"]})
    assert changed.json() == {**told, "events": ["restore", "card"]}
    page = member.open(f"{PAGE}?about=hidden").text
    assert "Change mail about hidden" in page
    ticked = re.findall(r'name="(\w+)" value="on" checked', page)
    assert ticked == ["restore", "card"]
    assert member.send(PAGE, publisher="hidden", address=address, restore="on").status_code == 303
    assert "not confirmed" not in member.open(PAGE).text, "the address was confirmed before"
    api(hub, "POST", "/api/v1/restorations", json={"handle": HIDDEN})
    put_card(hub)
    make_all_due(hub)
    until(lambda: len(server.to(address)) == 3, "the mail about the end of it")
    assert server.to(address)[2]["Subject"] == f"{HIDDEN} is no longer withdrawn"
    stop = server.to(address)[2]["List-Unsubscribe"].strip("<> ").removeprefix(BASE)
    assert f'href="{PAGE}?about=hidden#get"' in Member(hub.url).open(stop).text
    nothing = member.send(PAGE, publisher="hidden", address=address)
    assert nothing.status_code == 400
    assert "Expected at least one event" in nothing.text
    assert ask("DELETE", "/api/v1/mail/hidden", token).status_code == 204
    assert ask("GET", "/api/v1/mail", token).json() == {"mail": []}
    assert ask("DELETE", "/api/v1/mail/hidden", token).status_code == 404


def test_a_former_member_gets_no_mail_and_no_waiting_mail(hub, server, new_member):
    member, address = new_member("bob"), "bob@example.com"
    subscribe(hub, server, member, address)
    put_card(hub)
    members = "/api/v1/publishers/hidden/members"
    found = api(hub, "GET", members).json()["members"]
    [number] = [each["user"] for each in found if each["name"] == "bob"]
    api(hub, "DELETE", f"{members}/{number}")
    make_all_due(hub)
    witness = new_member("witness")
    subscribe(hub, server, witness, "witness@example.com")
    put_card(hub)
    make_all_due(hub)
    until(lambda: len(server.to("witness@example.com")) == 2, "the mail to another")
    assert len(server.to(address)) == 1


def test_a_mail_whose_outcome_cannot_be_stored_is_sent_again_as_it_was(hub, server, new_member):
    member, address = new_member("grace"), "grace@example.com"
    subscribe(hub, server, member, address)
    with database_of(hub) as database:
        until(lambda: not has_claims(database), "the outcome of the mail that asks")
        with outcomes_are_refused(database):
            put_card(hub)
            api(hub, "POST", "/api/v1/withdrawals", json={"handle": HIDDEN})
            api(hub, "POST", "/api/v1/restorations", json={"handle": HIDDEN})
            make_all_due(hub)
            until(lambda: len(server.to(address)) == 2, "the mail about three events")
            message_id = server.to(address)[1]["Message-ID"].strip("<>").partition("@")[0]
            until(lambda: message_id in hub.log_text(), "the error")
        end_claims(database)
    until(lambda: len(server.to(address)) == 3, "the second sending")
    first, second = server.to(address)[1:]
    assert first["Subject"] == second["Subject"] == "3 events of hidden"
    assert (first["Message-ID"], first.get_content()) == (second["Message-ID"], second.get_content())


def test_a_mail_that_is_not_taken_is_sent_again(hub, server, new_member):
    member, address = new_member("carol"), "carol@example.com"
    subscribe(hub, server, member, address)
    server.refusal = b"451 try later"
    try:
        put_card(hub)
        make_all_due(hub)
        log = hub.data.parent / f"{hub.data.name}.log"
        until(
            lambda: "A mail about hidden could not be sent: try later" in log.read_text(),
            "the line in the log",
        )
    finally:
        server.refusal = b""
    until(lambda: make_all_due(hub) or len(server.to(address)) == 2, "the mail")
    assert server.to(address)[1]["Subject"] == f"The documentation of {HIDDEN} changed"


@pytest.mark.parametrize(
    "address",
    [
        "ada",
        "ada@localhost",
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "ada@example.com>",
        "@example.com",
        "ädä@example.com",
        "a" * 65 + "@example.com",
    ],
)
def test_nothing_but_an_address_is_taken(new_member, address):
    assert not is_address(address)
    member = new_member(f"user{abs(hash(address)) % 10**9}")
    answer = member.send(PAGE, publisher="hidden", address=address, **ALL)
    assert answer.status_code == 400
    assert "Expected a mail address" in answer.text


def test_nobody_gets_mail_about_a_publisher_of_others(hub, new_member):
    member = new_member("dora")
    api(hub, "PATCH", "/api/v1/publishers/closed", json={"private": True})
    answers = {
        member.send(PAGE, publisher=name, address="dora@example.com", **ALL).status_code
        for name in ("closed", "no")
    }
    assert answers == {404}


def test_the_number_of_confirmation_mails_per_user_is_limited(hub, new_member):
    member = new_member("mallory")
    answers = [
        member.send(PAGE, publisher="hidden", address=f"stranger{number}@example.com", **ALL).status_code
        for number in range(12)
    ]
    assert answers == [303] * 10 + [429] * 2


SETTINGS = {"smtp_host": "127.0.0.1", "mail_from": "hub@hub.example", "public_url": BASE}
NEWS = Delivery("msg_1", 1, "card", HIDDEN, 0, {}, "waiting", 1, 0, 0, None, None, "")
TARGET = Target("mailto:ada@example.com", "code", "hidden")


def test_the_server_is_signed_in_to(tmp_path):
    (tmp_path / "password").write_text("sesame\n")
    known = {"smtp_user": "hub", "smtp_password_file": str(tmp_path / "password"), "smtp_security": "none"}
    with MailServer("sesame") as server:
        settings = ServerSettings(**SETTINGS, **known, smtp_port=server.port)
        assert send_mail(settings, compose(settings, TARGET, [NEWS])).status == 250
        server.password = "other"
        refused = send_mail(settings, compose(settings, TARGET, [NEWS]))
        assert (refused.status, refused.answer) == (535, "unknown")
        assert len(server.mails) == 1


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1, signed by its own key: `(certificate, key)` as paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail of a test")])
    now, address = datetime.datetime.now(datetime.timezone.utc), ipaddress.ip_address("127.0.0.1")
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, kind = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    (tmp_path / "mail.pem").write_bytes(made.public_bytes(kind))
    (tmp_path / "mail.key").write_bytes(key.private_bytes(kind, form, serialization.NoEncryption()))
    return str(tmp_path / "mail.pem"), str(tmp_path / "mail.key")


def test_mail_goes_under_tls_to_a_server_with_a_certificate_that_is_trusted(
    tmp_path, certificate, monkeypatch
):
    (tmp_path / "password").write_text("sesame\n")
    known = {"smtp_user": "hub", "smtp_password_file": str(tmp_path / "password")}
    with MailServer("sesame", certificate) as server:
        settings = ServerSettings(**SETTINGS, **known, smtp_port=server.port)
        assert settings.smtp_security == "starttls"
        stranger = send_mail(settings, compose(settings, TARGET, [NEWS]))
        assert stranger.status is None
        assert "certificate verify failed" in stranger.answer
        assert (server.mails, server.secured) == ([], 0)
        monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
        assert send_mail(settings, compose(settings, TARGET, [NEWS])).status == 250
        assert server.secured == 1
        [(recipients, mail)] = server.mails
        assert recipients == ["ada@example.com"]
        assert mail["Subject"] == f"The documentation of {HIDDEN} changed"


def test_a_server_without_tls_gets_nothing_where_tls_is_requested():
    with MailServer() as server:
        settings = ServerSettings(**SETTINGS, smtp_port=server.port)
        outcome = send_mail(settings, compose(settings, TARGET, [NEWS]))
        assert outcome.status is None
        assert "STARTTLS" in outcome.answer
        assert server.mails == []


def test_a_line_break_in_a_header_is_refused():
    settings = ServerSettings(**SETTINGS)
    target = Target("mailto:ada@example.com\r\nBcc: eve@example.com", "code", "hidden")
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        compose(settings, target, [NEWS])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"public_url": ""}, "Mail needs TFHUB_SERVER_PUBLIC_URL"),
        ({"mail_from": "hub"}, "Expected a mail address in TFHUB_SERVER_MAIL_FROM, got 'hub'"),
        ({"smtp_password_file": "/nowhere"}, "Expected a readable file at '/nowhere'"),
    ],
)
def test_missing_requirements_are_reported_at_the_start(changed, message):
    with pytest.raises(SettingsError, match=message):
        check_mail_settings(ServerSettings(**{**SETTINGS, **changed}))
