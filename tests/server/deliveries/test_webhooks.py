"""Webhooks: signed by the standard, sent again when they fail, once by several processes, nowhere private."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import re
import subprocess
import threading
import time

import pytest
import requests
import sqlalchemy as sa
from failing_catalogue import end_claims, outcomes_are_refused
from hub_content import card
from hub_process import HubProcess
from patience import PATIENCE, until
from private_hub import HIDDEN, api, new_token, private_hub
from web_visitor import Visitor
from webhook_receiver import Receiver, is_signed

from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.delivery_attempts import DELAYS
from tensorflow_hub.server.catalogue.tables import deliveries, webhooks
from tensorflow_hub.server.deliveries.sending import check_url, send

LOOPBACK = {"TFHUB_SERVER_WEBHOOK_NETWORKS": "127.0.0.0/8"}


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)], name="hub"
)
def _hub(request, tmp_path_factory):
    """A hub of three processes."""
    data = tmp_path_factory.mktemp("webhooks") / "data"
    with private_hub(data, request.param, TFHUB_SERVER_WORKERS="3", **LOOPBACK) as hub:
        yield hub


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def database(hub):
    opened = Database(database_url(hub.settings.get("TFHUB_SERVER_DATABASE", ""), hub.data))
    yield opened
    opened.close()


@pytest.fixture
def new_webhook(hub):
    """Makes webhooks, which are removed in the end."""
    made = []

    def make(url, publisher="hidden", events=(), token=""):
        body = {"url": url, "publisher": publisher, "events": list(events)}
        made.append(api(hub, "POST", "/api/v1/webhooks", token, json=body).json())
        return made[-1]

    yield make
    for webhook in made:
        api(hub, "DELETE", f"/api/v1/webhooks/{webhook['id']}")


def put_card(hub, handle=HIDDEN):
    api(hub, "PUT", "/api/v1/cards", json={"handle": handle, "card": card(handle, "Placeholder")})


def log_of(hub, webhook):
    return api(hub, "GET", f"/api/v1/webhooks/{webhook['id']}/deliveries").json()["deliveries"]


def make_due(database, webhook):
    """Lets the time pass that a message waits."""
    with database.writing() as connection:
        of_webhook = deliveries.c.webhook_id == webhook["id"]
        connection.execute(sa.update(deliveries).where(of_webhook).values(due_at=0))


def test_an_owner_is_notified_of_each_event_in_the_words_of_the_api(hub, receiver, new_webhook):
    owner = new_token(hub, "admin")["secret"]
    webhook = new_webhook(receiver.url, token=owner)
    handle = "hidden/told/1"
    put_card(hub, handle)
    for verb in ("withdrawals", "restorations", "deletions"):
        api(hub, "POST", f"/api/v1/{verb}", json={"handle": handle, "reason": f"for {verb}"})
    put_card(hub, "public/other/1")
    until(lambda: len(receiver.messages) >= 4, "the messages")
    found = {message.json["type"]: message.json for message in receiver.messages}
    assert set(found) == {"card", "withdraw", "restore", "delete"}, "and none of another publisher"
    assert found["withdraw"]["data"] == {
        "handle": handle,
        "url": f"http://127.0.0.1:{hub.url.rpartition(':')[2]}/{handle}",
        "publisher": "hidden",
        "model": "told",
        "version": 1,
        "reason": "for withdrawals",
        "deployment": None,
        "digest": None,
    }
    until(lambda: all(entry["state"] == "delivered" for entry in log_of(hub, webhook)))
    log = log_of(hub, webhook)
    assert [entry["event"] for entry in log] == ["delete", "restore", "withdraw", "card"]
    assert {(entry["status"], entry["answer"], entry["attempts"]) for entry in log} == {(200, "thanks", 1)}
    assert {entry["id"] for entry in log} == {message.id for message in receiver.messages}


def test_only_the_chosen_events_are_reported(hub, receiver, new_webhook):
    webhook = new_webhook(receiver.url, events=["withdraw"])
    put_card(hub)
    api(hub, "POST", "/api/v1/withdrawals", json={"handle": HIDDEN})
    api(hub, "POST", "/api/v1/restorations", json={"handle": HIDDEN})
    until(lambda: receiver.messages, "the message")
    assert [entry["event"] for entry in log_of(hub, webhook)] == ["withdraw"]


def test_administrators_are_notified_of_the_whole_hub(hub, receiver, new_webhook):
    new_webhook(receiver.url, publisher=None, events=["card"])
    put_card(hub, HIDDEN)
    put_card(hub, "public/other/1")
    until(lambda: len(receiver.messages) == 2, "both messages")
    assert {message.json["data"]["publisher"] for message in receiver.messages} == {"hidden", "public"}
    body = {"url": receiver.url, "publisher": None, "events": []}
    headers = {"Authorization": f"Bearer {new_token(hub, 'admin')['secret']}"}
    url = f"{hub.url}/api/v1/webhooks"
    assert requests.post(url, json=body, headers=headers, timeout=PATIENCE).status_code == 403


def test_openssl_finds_the_same_signature(hub, receiver, new_webhook):
    webhook = new_webhook(receiver.url)
    api(hub, "POST", f"/api/v1/webhooks/{webhook['id']}/tests")
    until(lambda: receiver.messages, "the test")
    [message] = receiver.messages
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_")).hex()
    signed = f"{message.id}.{message.headers['webhook-timestamp']}.".encode() + message.body
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key}", "-binary"]
    digest = subprocess.run(command, input=signed, capture_output=True, check=True).stdout
    assert message.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert is_signed(message, webhook["secret"], time.time())
    assert message.json == {
        "type": "test",
        "timestamp": message.json["timestamp"],
        "data": {"publisher": "hidden"},
    }


def test_the_library_of_the_standard_takes_the_signature(hub, receiver, new_webhook):
    library = pytest.importorskip("standardwebhooks")
    webhook = new_webhook(receiver.url)
    api(hub, "POST", f"/api/v1/webhooks/{webhook['id']}/tests")
    until(lambda: receiver.messages, "the test")
    [message] = receiver.messages
    checked = library.Webhook(webhook["secret"]).verify(message.body.decode(), message.headers)
    assert checked["type"] == "test"
    with pytest.raises(library.WebhookVerificationError, match="No matching signature"):
        library.Webhook(webhook["secret"]).verify(message.body.decode() + " ", message.headers)


def test_a_failure_is_tried_again_with_the_same_id(hub, receiver, new_webhook, database):
    answers = [(500, {}, b"out of order \x1b[31m" + b"x" * 5000), (302, {"Location": "/elsewhere"}, b"")]
    receiver.answer = lambda message: answers.pop(0) if answers else (204, {}, b"")
    webhook = new_webhook(receiver.url)
    put_card(hub)
    until(lambda: [entry["status"] for entry in log_of(hub, webhook)] == [500], "the failure")
    [entry] = log_of(hub, webhook)
    assert entry["state"] == "waiting"
    assert entry["next_at"] > entry["tried_at"]
    assert entry["answer"].startswith("out of order [31mxxx")
    assert len(entry["answer"]) == 300
    for status in (302, 204):
        make_due(database, webhook)
        until(lambda status=status: log_of(hub, webhook)[0]["status"] == status, "the next attempt")
    [entry] = log_of(hub, webhook)
    assert (entry["state"], entry["attempts"]) == ("delivered", 3)
    assert {message.path for message in receiver.messages} == {"/hook"}, "no redirect is followed"
    assert len({message.id for message in receiver.messages}) == 1
    assert all(is_signed(message, webhook["secret"], time.time()) for message in receiver.messages)


def test_a_message_whose_outcome_cannot_be_stored_is_sent_again_with_the_same_id(
    hub, receiver, new_webhook, database
):
    webhook = new_webhook(receiver.url)
    with outcomes_are_refused(database):
        put_card(hub)
        until(lambda: receiver.messages, "the message")
        until(lambda: receiver.messages[0].id in hub.log_text(), "the error")
    [entry] = log_of(hub, webhook)
    assert (entry["state"], entry["status"], entry["attempts"]) == ("waiting", None, 1)
    end_claims(database)
    until(lambda: log_of(hub, webhook)[0]["state"] == "delivered", "the second sending")
    first, second = receiver.messages
    assert (first.id, first.body) == (second.id, second.body) == (entry["id"], first.body)
    assert log_of(hub, webhook)[0]["attempts"] == 2


def test_a_message_fails_in_the_end_and_the_webhook_is_switched_off(hub, receiver, new_webhook, database):
    receiver.answer = lambda message: (503, {}, b"")
    webhook = new_webhook(receiver.url)
    put_card(hub)
    for attempt in range(len(DELAYS) + 1):
        until(lambda n=attempt: log_of(hub, webhook)[0]["attempts"] == n + 1, "an attempt")
        until(lambda: len(receiver.messages) == log_of(hub, webhook)[0]["attempts"])
        until(lambda: not _is_claimed(database, webhook))
        with database.writing() as connection:
            long_ago = int(time.time()) - 6 * 86_400
            query = sa.update(webhooks).where(webhooks.c.id == webhook["id"])
            connection.execute(query.values(failing_since=long_ago))
        make_due(database, webhook)
    until(lambda: log_of(hub, webhook)[0]["state"] == "failed", "the end")
    [shown] = [
        each
        for each in api(hub, "GET", "/api/v1/webhooks?publisher=hidden").json()["webhooks"]
        if each["id"] == webhook["id"]
    ]
    assert (shown["active"], shown["reason"]) == (False, "nothing was delivered for 5 days")
    put_card(hub)
    assert len(log_of(hub, webhook)) == 1, "nothing is queued for it"
    api(hub, "PATCH", f"/api/v1/webhooks/{webhook['id']}", json={"active": True})
    receiver.answer = lambda message: (200, {}, b"")
    [entry] = log_of(hub, webhook)
    api(hub, "POST", f"/api/v1/webhooks/{webhook['id']}/deliveries/{entry['id']}/again")
    until(lambda: log_of(hub, webhook)[0]["state"] == "delivered", "the message that is sent again")
    assert {entry["id"]} == {message.id for message in receiver.messages}


def _is_claimed(database, webhook):
    query = sa.select(deliveries.c.id).where(
        deliveries.c.webhook_id == webhook["id"], deliveries.c.claimed_until > 0
    )
    with database.reading() as connection:
        return connection.execute(query).first() is not None


def test_a_receiver_that_is_gone_is_not_asked_again(hub, receiver, new_webhook):
    receiver.answer = lambda message: (410, {}, b"")
    webhook = new_webhook(receiver.url)
    put_card(hub)
    until(lambda: log_of(hub, webhook)[0]["state"] == "failed", "the end")
    shown = api(hub, "GET", "/api/v1/webhooks?publisher=hidden").json()["webhooks"]
    assert {each["reason"] for each in shown if each["id"] == webhook["id"]} == {
        "the receiver answered 410 Gone"
    }
    audit = api(hub, "GET", "/api/v1/audit?publisher=hidden").json()["entries"]
    assert (audit[0]["actor"], audit[0]["action"]) == ("the hub", "webhook.off")


def test_no_message_is_sent_twice_by_several_processes(hub, receiver, new_webhook):
    hooks = [new_webhook(f"{receiver.url}{number}", events=["card"]) for number in range(5)]
    for number in range(20):
        put_card(hub, f"hidden/many{number}/1")
    until(lambda: len(receiver.messages) >= 100, "all messages")
    until(lambda: all(e["state"] == "delivered" for hook in hooks for e in log_of(hub, hook)))
    assert len(receiver.messages) == len({message.id for message in receiver.messages}) == 100


def test_a_slow_receiver_keeps_no_other_waiting(hub, receiver, new_webhook):
    release = threading.Event()
    receiver.answer = lambda message: (
        (release.wait(PATIENCE), (200, {}, b""))[1] if message.path == "/hook/slow" else (200, {}, b"")
    )
    new_webhook(f"{receiver.url}/slow")
    for number in range(12):
        put_card(hub, f"hidden/slow{number}/1")
    until(lambda: receiver.messages, "the slow one")
    new_webhook(f"{receiver.url}/quick")
    put_card(hub)
    until(lambda: any(message.path == "/hook/quick" for message in receiver.messages), "the quick one")
    assert sum(message.path == "/hook/slow" for message in receiver.messages) == 1
    release.set()


def test_waiting_messages_survive_a_restart(tmp_path, receiver):
    with HubProcess(tmp_path / "data", **LOOPBACK) as hub:
        body = {"url": receiver.url, "publisher": None, "events": []}
        webhook = api(hub, "POST", "/api/v1/webhooks", json=body).json()
        receiver.answer = lambda message: (500, {}, b"")
        put_card(hub, "acme/model/1")
        until(lambda: receiver.messages, "the first attempt")
        until(lambda: log_of(hub, webhook)[0]["status"] == 500)
        hub.kill()
        receiver.answer = lambda message: (200, {}, b"")
        hub.start()
        until(lambda: log_of(hub, webhook)[0]["state"] == "delivered", "the message")
        assert len({message.id for message in receiver.messages}) == 1


PRIVATE = [
    "http://127.0.0.1:9/x",
    "http://localhost:9/x",
    "http://[::1]:9/x",
    "http://0.0.0.0:9/x",
    "http://2130706433:9/x",
    "http://127.1:9/x",
    "http://[::ffff:127.0.0.1]:9/x",
    "http://[64:ff9b::7f00:1]:9/x",
    "http://10.0.0.1/x",
    "http://169.254.169.254/latest/meta-data/",
    "http://224.0.0.1/x",
    "http://[fe80::1]/x",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_nothing_is_sent_to_an_address_that_is_not_public(url):
    outcome = send(url, b"{}", {}, ())
    assert outcome.status is None
    assert re.search("not public|of a public address|cannot be found", outcome.answer), outcome.answer


def test_private_networks_are_allowed_one_by_one(receiver):
    assert send(receiver.url, b"{}", {}, ("127.0.0.0/8",)).status == 200
    assert send(receiver.url, b"{}", {}, ("10.0.0.0/8", "::1/128")).status is None
    assert len(receiver.messages) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/x",
        "file:///etc/passwd",
        "https://",
        "example.com/x",
        "https://user:secret@example.com/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/" + "x" * 2000,
        "http://10.0.0.1/",
    ],
)
def test_a_url_that_is_not_public_is_refused(hub, url):
    headers = {"Authorization": f"Bearer {new_token(hub, 'admin')['secret']}"}
    body = {"url": url, "publisher": "hidden", "events": []}
    answer = requests.post(f"{hub.url}/api/v1/webhooks", json=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"].startswith(("Expected a URL", "Expected the field 'url'"))


def test_a_url_is_asked_as_it_was_checked():
    assert check_url("https://Example.com", ()) == "https://example.com/"


def test_an_answer_without_end_is_cut():
    stop = threading.Event()

    class Trickle(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    self.wfile.write(b"x" * 1000)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        outcome = send(f"http://127.0.0.1:{server.server_port}/", b"{}", {}, ("127.0.0.1",))
        assert outcome.status == 200
        assert outcome.answer == "x" * 299 + "…"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()


def test_webhooks_are_made_and_read_in_the_browser(hub, receiver):
    owner = Visitor(hub.url)
    owner.sign_in(new_token(hub, "admin")["secret"])
    page = "/settings/publishers/hidden/webhooks"
    made = owner.send(page, "/settings/webhooks", url=receiver.url, withdraw="on", card="on")
    assert made.status_code == 201
    secret = re.search(r"<code>(whsec_[\w+/=]+)</code>", made.text)[1]
    assert secret not in owner.open(page).text
    number = re.search(r'href="(/settings/webhooks/\d+)"', made.text)[1]
    assert owner.send(number, f"{number}/test").status_code == 303
    until(lambda: receiver.messages, "the test")
    assert is_signed(receiver.messages[0], secret, time.time())
    until(lambda: "delivered after 1 attempt" in owner.open(number).text)
    again = re.search(rf'action="({number}/deliveries/msg_\w+/again)"', owner.open(number).text)[1]
    assert owner.send(number, again).status_code == 303
    until(lambda: len(receiver.messages) == 2, "the same once more")
    assert receiver.messages[0].id == receiver.messages[1].id
    chosen = re.findall(r'name="(\w+)" value="on" checked', owner.open(number).text)
    assert chosen == ["withdraw", "card"]
    assert owner.send(number, f"{number}/events", delete="on").status_code == 303
    changed = owner.open(number).text
    assert re.findall(r'name="(\w+)" value="on" checked', changed) == ["delete"]
    assert "<dt>Events</dt><dd>a version is deleted</dd>" in changed
    assert owner.send(number, to="off").status_code == 303
    assert "switched it off" in owner.open(number).text
    stranger = Visitor(hub.url)
    stranger.sign_in(new_token(hub, "admin", "public")["secret"])
    assert stranger.open(number).status_code == 404
    assert stranger.open(page).status_code == 403
    form = stranger.open("/settings").text.partition('name="form_token" value="')[2].partition('"')[0]
    for path in (number, f"{number}/events", f"{number}/test", again):
        assert stranger.post(path, form_token=form, to="remove").status_code == 404
    for whose in ("", "hidden"):
        fields = {"url": receiver.url, "publisher": whose}
        assert stranger.post("/settings/webhooks", form_token=form, **fields).status_code == 403
    assert owner.send(number, to="remove").status_code == 303
    assert owner.open(number).status_code == 404


def test_the_log_of_requests_shows_no_secret(hub, receiver, new_webhook):
    webhook = new_webhook(receiver.url)
    listed = api(hub, "GET", "/api/v1/webhooks?publisher=hidden").text
    assert str(webhook["id"]) in listed
    assert webhook["secret"] not in listed
    assert webhook["secret"] not in json.dumps(log_of(hub, webhook))
    audit = api(hub, "GET", "/api/v1/audit?publisher=hidden").text
    assert webhook["secret"] not in audit
