"""`tfhub login` and the page on which somebody allows it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time

import pytest
import requests
from hub_process import SOURCES
from loopback import Answer, LoopbackServer
from patience import PATIENCE, until
from private_hub import HIDDEN, api, new_token, private_hub
from web_visitor import Visitor

from tensorflow_hub.client.device_login import sign_in
from tensorflow_hub.errors import ForbiddenError, NotFoundError


def start(hub, name="laptop"):
    return post(hub, "logins", name=name, status=201)


def ask(hub, waiting, status=200):
    return post(hub, "tokens", device_code=waiting["device_code"], status=status)


def post(hub, what, status, **body):
    answer = requests.post(f"{hub.url}/api/v1/device-{what}", json=body, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def allow(visitor, waiting, answer="allow", **fields):
    page = f"/device?code={waiting['user_code']}"
    fields = {"publisher": "hidden", "scope": "read", "days": "7"} | fields
    return visitor.send(page, "/device", answer=answer, **fields)


def assert_limited(statuses, passed, started):
    """Three a minute pass: the first ones, and more only if the requests took so long."""
    assert statuses[:3] == [passed] * 3
    assert set(statuses[3:]) <= {passed, 429}
    assert statuses.count(passed) <= 3 + (time.monotonic() - started) / 20


def test_a_program_gets_a_token_once_when_somebody_allows_it(hub, owner):
    waiting = start(hub)
    assert waiting["verification_uri_complete"] == f"{hub.url}/device?code={waiting['user_code']}"
    assert ask(hub, waiting) == {"state": "pending", "secret": None}
    page = owner.open(f"/device?code={waiting['user_code'].lower().replace('-', '')}").text
    assert waiting["user_code"] in page
    assert "<strong>laptop</strong>, at the address 127.0.0.1" in page
    allowed = allow(owner, waiting)
    assert "The program is signed in" in allowed.text
    assert "tfhub_" not in allowed.text
    granted = ask(hub, waiting)
    assert granted["state"] == "granted"
    facts = api(hub, "GET", "/api/v1/tokens/self", granted["secret"]).json()
    assert (facts["name"], facts["scope"], facts["publisher"]) == ("laptop", "read", "hidden")
    assert api(hub, "GET", f"/api/v1/models/{HIDDEN}", granted["secret"]).json()["handle"] == HIDDEN
    assert ask(hub, waiting, 404)["error"]["code"] == "not_found"
    assert "laptop" in owner.open("/settings/tokens").text


def test_a_refused_request_gets_no_token(hub, owner):
    waiting = start(hub)
    assert "Access refused" in allow(owner, waiting, "deny").text
    assert ask(hub, waiting) == {"state": "denied", "secret": None}
    again = owner.open(f"/device?code={waiting['user_code']}").text
    assert "No program is waiting with the code" in again


def test_nobody_gives_more_rights_than_they_have(hub, owner):
    waiting = start(hub)
    assert allow(owner, waiting, publisher="elsewhere").status_code == 403
    reader = Visitor(hub.url)
    reader.sign_in(new_token(hub, "read")["secret"])
    page = reader.open(f"/device?code={waiting['user_code']}").text
    assert 'value="allow"' not in page
    assert allow(reader, waiting).status_code == 403
    assert ask(hub, waiting) == {"state": "pending", "secret": None}


def test_the_page_says_where_its_code_comes_from(hub, owner):
    assert f"<code>tfhub login {hub.url}</code> in a terminal. It shows a code." in owner.open("/device").text


def test_the_page_is_for_those_who_are_signed_in(hub):
    answer = Visitor(hub.url).open("/device?code=BCDF-GHJK")
    assert answer.status_code == 401
    assert 'href="/login?next=/device%3Fcode%3DBCDF-GHJK"' in answer.text


def test_the_name_of_a_program_is_escaped(hub, owner):
    waiting = start(hub, "<b>bank</b>")
    assert "&lt;b&gt;bank&lt;/b&gt;" in owner.open(f"/device?code={waiting['user_code']}").text


def test_guessing_codes_is_slowed_down(tmp_path):
    with private_hub(tmp_path / "data", "sqlite", TFHUB_SERVER_GUESSES_PER_MINUTE="3") as hub:
        visitor = Visitor(hub.url)
        visitor.sign_in(hub.token)
        started = time.monotonic()
        answers = [visitor.open(f"/device?code=BCDF-BCD{letter}").status_code for letter in "BCDFG"]
        assert_limited(answers, 200, started)
        started = time.monotonic()
        begun = [
            requests.post(f"{hub.url}/api/v1/device-logins", json={"name": "x"}, timeout=PATIENCE).status_code
            for _ in range(5)
        ]
        assert_limited(begun, 201, started)


def test_wrong_codes_in_the_form_are_counted_too(tmp_path):
    """The limits are in the database that the form writes to."""
    with private_hub(tmp_path / "data", "sqlite", TFHUB_SERVER_GUESSES_PER_MINUTE="3") as hub:
        visitor = Visitor(hub.url)
        visitor.sign_in(hub.token)
        waiting = start(hub)
        started = time.monotonic()
        answers = [allow(visitor, waiting, code=f"BCDF-BCD{letter}").status_code for letter in "BCDFG"]
        assert_limited(answers, 404, started)
        assert "could not be counted" not in hub.log_text()


def test_the_client_says_that_it_was_refused(hub, owner):
    with pytest.raises(
        ForbiddenError, match="the sign-in of 'ci' to be allowed, but it was refused on the page"
    ):
        sign_in(hub.url, "ci", lambda waiting: allow(owner, waiting, "deny"))


def test_the_command_waits_for_the_browser_without_a_screen(hub, owner, tmp_path):
    """In a terminal of its own, as over SSH."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("DISPLAY")}
    environ |= {"PYTHONPATH": str(SOURCES), "TFHUB_CREDENTIALS": str(tmp_path / "credentials.json")}
    (tmp_path / "credentials.json").write_text('{"tokens": {}}')
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tensorflow_hub", "login", hub.url]
    process = subprocess.Popen(
        command, env=environ, stdin=theirs, stdout=subprocess.PIPE, stderr=(tmp_path / "said").open("wb")
    )
    os.close(theirs)

    def code():
        return re.search(r"code ([A-Z]{4}-[A-Z]{4})", (tmp_path / "said").read_text())

    until(code, "the code")
    assert f"{hub.url}/device?code=" in (tmp_path / "said").read_text()
    allow(owner, {"user_code": code()[1]}, scope="publish")
    out, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    assert process.returncode == 0
    assert b"Saved the token for" in out
    [secret] = json.loads((tmp_path / "credentials.json").read_text())["tokens"].values()
    assert api(hub, "GET", "/api/v1/tokens/self", secret).json()["scope"] == "publish"


def test_a_hub_without_the_page_is_distinguished():
    server = LoopbackServer(lambda request: Answer(404))
    with pytest.raises(NotFoundError, match="sign-in at"):
        sign_in(server.url, "ci", lambda waiting: None)
    server.close()
