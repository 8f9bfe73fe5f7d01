"""Sessions over real sockets: redirects, refusals, retries, bodies."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import re
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests
from patience import PATIENCE

from tensorflow_hub import errors
from tensorflow_hub.handles import version_at_end
from tensorflow_hub.network.answers import error_of_failure
from tensorflow_hub.network.retry import RetryPolicy, parse_retry_after
from tensorflow_hub.network.session import open_session
from tensorflow_hub.settings import Settings

from .web_server import get, ok


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.RequestError),
        (401, errors.AuthenticationError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (410, errors.NotFoundError),
        (429, errors.LimitError),
        (500, errors.UnreachableError),
        (503, errors.UnreachableError),
    ],
)
def test_each_refusal_is_an_error_with_what_the_hub_says(serve, status, kind):
    body = b'{"error": {"code": "x", "message": "The hub\'s own words.", "hint": "Do that."}}'
    hub = serve(lambda path, headers, number: (status, body, {"Content-Type": "application/json"}))
    with pytest.raises(kind, match=r"^The hub's own words\. Do that\.$"):
        get(f"{hub.url}/acme/text/1")


def test_answers_of_a_server_that_is_not_a_hub_are_explained(serve):
    body = b'{"error": {"code": 404, "message": "Not Found"}}'
    store = serve(lambda path, headers, number: (404, body, {"Content-Type": "application/json"}))
    with pytest.raises(
        errors.NotFoundError, match=r"Nothing is published at .* \(.* 404\)\. It says: Not Found"
    ):
        get(f"{store.url}/acme/text/1")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": 3}', b'{"error": {"message": 7}}', b"\xff"]
)
def test_a_refusal_without_a_document_is_an_error_too(serve, body):
    hub = serve(lambda path, headers, number: (404, body, {}))
    with pytest.raises(errors.NotFoundError, match="Nothing is published"):
        get(f"{hub.url}/x")


def test_retry_after_is_honoured(serve):
    hub = serve(
        lambda path, headers, number: (503, b"", {"Retry-After": "1"}) if number == 1 else (200, b"ok", {})
    )
    started = time.monotonic()
    assert get(hub.url).text == "ok"
    assert time.monotonic() - started >= 1, "of its own accord it waits for 0.01 s"


def test_a_wait_is_announced_once_a_session(serve, caplog):
    hub = serve(lambda path, headers, number: (502, b"", {}) if number % 2 else (200, b"ok", {}))
    with open_session(Settings()) as session:
        session.request("GET", hub.url)
        session.request("GET", hub.url)
    [line] = [record for record in caplog.records if record.levelname == "WARNING"]
    host = hub.url.removeprefix("http://")
    said = re.fullmatch(rf"{host} does not answer; trying again for up to (\d+) s\.", line.message)
    assert int(said[1]) >= 16, "and what the first answer took, five times"


def test_too_long_a_retry_after_is_not_waited_for(serve):
    hub = serve(lambda path, headers, number: (429, b"", {"Retry-After": "86400"}))
    with pytest.raises(errors.LimitError, match=r"asks to slow down .*to wait 86,400 s; we wait 300 s"):
        get(hub.url)
    assert len(hub.requests) == 1


def test_requests_that_are_not_idempotent_are_not_repeated(serve):
    hub = serve(lambda path, headers, number: (500, b"", {}))
    with pytest.raises(errors.UnreachableError, match="status 500"):
        get(hub.url, idempotent=False)
    assert len(hub.requests) == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[::1", "//a:x/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(serve, target):
    hub = serve(lambda path, headers, number: (302, b"", {"Location": target}))
    said = rf"127.0.0.1:{hub.port} redirects to '{re.escape(target)}', which is no address on the web"
    with pytest.raises(errors.DownloadError, match=said):
        get(hub.url)


def test_control_characters_of_a_server_are_not_printed(serve):
    body = b'{"error": {"message": "no\\u001b]0;title\\u0007", "suggestions": ["\\u001b[31m"]}}'
    hub = serve(lambda path, headers, number: (404, body, {}))
    with pytest.raises(errors.NotFoundError, match=r"It says: no \]0;title") as caught:
        get(hub.url)
    assert "\x1b" not in str(caught.value)
    problem = error_of_failure(requests.exceptions.ConnectionError("SSH-2.0\x1b[31m\r\n"), hub.url)
    assert problem.problem.endswith("): SSH-2.0 [31m.")


def test_a_body_is_read_up_to_its_limit(serve):
    body, headers = gzip.compress(bytes(10_000)), {"Content-Encoding": "gzip"}
    hub = serve(lambda path, asked, number: (200, body, headers))
    assert get(hub.url, largest=10_000).content == bytes(10_000)
    with pytest.raises(errors.RequestError, match=r"Expected at most 9,999 bytes from http://127.0.0.1:\d+"):
        get(hub.url, largest=9_999)


def test_a_truncated_body_is_requested_again(serve):
    def answer(path, headers, number):
        return 200, b"whole", {} if number > 2 else {"Content-Length": "9"}  # the client counts the last one

    hub = serve(answer)
    assert get(hub.url).content == b"whole"
    assert len(hub.requests) == 3
    with pytest.raises(errors.UnreachableError, match="closed the connection before its answer was complete"):
        get(serve(answer).url, idempotent=False)


def test_the_endless_body_of_a_redirect_is_not_read(serve):
    def answer(path, headers, number):
        if path == "/end":
            return 200, b"ok", {}
        return 302, bytes(1 << 20), {"Location": "/end", "Content-Length": str(1 << 40)}

    hub = serve(answer)
    assert get(hub.url, Settings(retries=0)).content == b"ok"


def test_redirects_in_circles_end(serve):
    hub = serve(lambda path, headers, number: (302, b"", {"Location": "/again"}))
    with pytest.raises(errors.DownloadError, match="redirects in circles"):
        get(hub.url)


def test_a_hub_that_is_not_there_is_reported_soon(caplog):
    caplog.set_level("DEBUG", "tensorflow_hub")
    said = r"127.0.0.1:9 cannot be reached .*Connection refused"
    with open_session(Settings()) as session, pytest.raises(errors.UnreachableError, match=said):
        session.request("GET", "http://127.0.0.1:9/acme/text/1", policy=RetryPolicy(retries=50, base=0.01))
    assert caplog.text.count("before trying again") == RetryPolicy.connect_retries == 2
    caplog.clear()
    with (
        open_session(Settings()) as session,
        pytest.raises(errors.UnreachableError, match="no-such-host.invalid cannot be reached"),
    ):
        session.request("GET", "http://no-such-host.invalid/", policy=RetryPolicy(retries=50, base=0.01))
    assert caplog.text.count("before trying again") == RetryPolicy.connect_retries


def test_a_hub_that_is_not_there_is_announced_on_the_command_line():
    command = [sys.executable, "-m", "tensorflow_hub", "search", "text", "--hub", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    first, *rest = done.stderr.splitlines()
    assert re.fullmatch(r"127\.0\.0\.1:9 does not answer; trying again for up to \d+ s\.", first)
    assert rest[0].startswith("error: 127.0.0.1:9 cannot be reached")
    assert rest[1].startswith("  → `tfhub serve` starts a hub here. Check the address and the network")


def test_requests_to_a_silent_server_end(serve):
    given_up = threading.Event()

    def answer(path, headers, number):
        given_up.wait(PATIENCE)
        return 200, b"", {}

    hub = serve(answer)
    with pytest.raises(errors.UnreachableError, match="did not answer in time"):
        get(hub.url, Settings(read_timeout=0.2, retries=0))
    given_up.set()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: "])
def test_a_very_slow_head_of_an_answer_is_aborted(sent):
    """Each byte comes in time, the end of the head never does."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickle():
            with contextlib.suppress(OSError):  # until the client or the test is through
                while True:
                    connection, _ = listening.accept()
                    connection.sendall(sent)
                    while not over.wait(0.05):
                        connection.sendall(b"H")

        threading.Thread(target=trickle, daemon=True).start()
        started = time.monotonic()
        with pytest.raises(errors.UnreachableError, match="did not answer in time"):
            get(f"http://127.0.0.1:{listening.getsockname()[1]}", Settings(read_timeout=0.5, retries=0))
        over.set()
    assert time.monotonic() - started < PATIENCE / 2


def test_retry_after_is_read_in_both_forms():
    now = datetime.datetime(2026, 11, 20, 8, 0, 0, tzinfo=datetime.timezone.utc)
    assert parse_retry_after("Fri, 20 Nov 2026 08:00:30 GMT", now) == 30
    assert parse_retry_after("Fri, 20 Nov 2020 08:00:30 GMT", now) == 0
    assert parse_retry_after("7") == 7
    assert [parse_retry_after(text) for text in (None, "", "-1", "soon", "Fri, 99 Nov")] == [None] * 5


def test_pauses_grow_differ_and_end():
    policy = RetryPolicy()
    assert 0.25 <= policy.pause(0) <= 0.5
    assert 15 <= policy.pause(20) <= 30
    assert len({policy.pause(3) for _ in range(20)}) > 1


def test_nothing_is_sent_offline(serve):
    hub = serve(ok)
    with pytest.raises(errors.OfflineError, match=rf"Asking 127.0.0.1:{hub.port} needs the network"):
        get(hub.url, Settings(offline=True))
    assert not hub.requests


@pytest.mark.parametrize("kind", [requests.exceptions.ConnectTimeout, requests.exceptions.ConnectionError])
def test_a_message_repeats_neither_passwords_nor_signatures(kind):
    problem = error_of_failure(kind("broken"), "https://me:secret@store.example/a?X-Amz-Signature=secret")
    assert "store.example/a)" in problem.problem
    assert "secret" not in str(problem)


def test_a_version_that_is_too_large_is_invalid():
    assert version_at_end("https://hub.example/acme/text/" + "9" * 5000) is None
