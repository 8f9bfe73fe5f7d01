"""Requests that mean harm: forged headers, guessed tokens, slow and oversized bodies."""

from __future__ import annotations

import contextlib
import select
import socket
from pathlib import Path

import pytest
import requests
from hub_content import card
from hub_process import HubProcess
from patience import PATIENCE


@pytest.fixture(scope="module")
def tightly_limited(tmp_path_factory):
    """A hub with tight limits that believes a proxy."""
    settings = {
        "TFHUB_SERVER_GUESSES_PER_MINUTE": "1",  # a minute till the next one: longer than the test takes
        "TFHUB_SERVER_MAX_REQUEST": "10K",
        "TFHUB_SERVER_MAX_ARCHIVE": "1M",
        "TFHUB_SERVER_TRUSTED_PROXIES": "127.0.0.0/8",
        "TFHUB_SERVER_LOG_FORMAT": "json",
    }
    with HubProcess(tmp_path_factory.mktemp("tightly_limited") / "data", **settings) as hub:
        yield hub


def call(hub, method, path, token=None, **options):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= options.pop("headers", {})
    return requests.request(method, hub.url + path, headers=headers, timeout=PATIENCE, **options)


# Addresses that count as one: the same of IPv4, a whole network of IPv6; then one that is another.
SOURCES = [
    (["203.0.113.9"] * 3, "203.0.113.10"),
    (["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:f::3"], "2001:db8:0:2::1"),
]


@pytest.mark.parametrize(("addresses", "other"), SOURCES, ids=["IPv4", "IPv6"])
def test_guessing_tokens_gets_slow(tightly_limited, addresses, other):
    def ask(token, address):
        forwarded = {"X-Forwarded-For": address}
        return call(tightly_limited, "GET", "/api/v1/tokens/self", token, headers=forwarded)

    assert ask("tfhub_junk", addresses[0]).status_code == 401
    for address in addresses[1:]:
        refused = ask("tfhub_junk", address)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert ask(tightly_limited.token, address).status_code == 200, "a good token behind the same address"
    assert ask("tfhub_junk", other).status_code == 401


@pytest.mark.parametrize(("addresses", "other"), SOURCES, ids=["IPv4", "IPv6"])
def test_requests_have_a_limit(rate_limited, addresses, other):
    statuses = [
        call(rate_limited, "GET", "/help", headers={"X-Forwarded-For": address}).status_code
        for address in (*addresses, other)
    ]
    assert statuses == [200, 429, 429, 200]
    assert call(rate_limited, "GET", "/healthz", headers={"X-Forwarded-For": addresses[0]}).status_code == 200


@pytest.fixture(scope="module")
def rate_limited(tmp_path_factory):
    """A hub that takes a request a minute."""
    settings = {"TFHUB_SERVER_REQUESTS_PER_MINUTE": "1", "TFHUB_SERVER_TRUSTED_PROXIES": "127.0.0.1"}
    with HubProcess(tmp_path_factory.mktemp("rate_limited") / "data", **settings) as hub:
        yield hub


def test_forwarded_addresses_of_unknown_proxies_are_ignored(hub_process, api, admin):
    """No proxy is trusted there, so the address in the audit log is that of the connection."""
    headers = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Host": "evil.example"}
    body = {"handle": "forged/model/1", "card": card("forged/model/1", "Placeholder")}
    facts = api("PUT", "/api/v1/cards", admin, json=body, headers=headers)
    assert "evil.example" not in facts.text
    entries = api("GET", "/api/v1/audit?publisher=forged", admin).json()["entries"]
    assert entries[0]["address"] == "127.0.0.1"


def test_a_trusted_proxy_says_the_host_and_the_scheme(tightly_limited):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example"}
    servers = call(tightly_limited, "GET", "/api/v1/openapi.json", headers=headers).json()["servers"]
    assert servers == [{"url": "https://hub.example"}]


@pytest.mark.parametrize("host", ["evil.example/x", "a b", "<script>", "x" * 300, "user@evil.example", ""])
def test_a_malformed_host_is_not_repeated(tightly_limited, host):
    headers = {"X-Forwarded-Host": host, "Host": "hub.example"}
    servers = call(tightly_limited, "GET", "/api/v1/openapi.json", headers=headers).json()["servers"]
    assert servers == [{"url": "http://hub.example"}]


def test_an_oversized_body_is_cut(tightly_limited):
    answer = call(tightly_limited, "POST", "/api/v1/tokens", tightly_limited.token, data=b"x" * 50_000)
    assert answer.status_code == 413
    upload_request = {"handle": "big/model/1", "size": 2**30, "sha256": "0" * 64}
    assert (
        call(
            tightly_limited, "POST", "/api/v1/uploads", tightly_limited.token, json=upload_request
        ).status_code
        == 413
    )


def test_deeply_nested_json_is_refused(tightly_limited):
    answer = call(tightly_limited, "POST", "/api/v1/tokens", tightly_limited.token, data=b"[" * 9000)
    assert answer.status_code == 400


def connect(hub):
    host, port = hub.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)))


def test_a_body_that_stalls_is_cut(tmp_path):
    settings = {"TFHUB_SERVER_STALL_SECONDS": "1"}
    with HubProcess(tmp_path / "data", **settings) as hub, connect(hub) as connection:
        lines = (
            "POST /api/v1/tokens HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {hub.token}",
            "Content-Length: 100",
            "",
            "{",
        )
        connection.sendall("\r\n".join(lines).encode())
        answer = connection.recv(4096)
        assert b" 400 " in answer.splitlines()[0]


def test_slow_headers_do_not_keep_others_waiting(tightly_limited):
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(tightly_limited)) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        assert call(tightly_limited, "GET", "/healthz").status_code == 200
        cut_off, _, _ = select.select(slow, [], [], 0)
        assert len(cut_off) < len(slow), "it answered only when the slow ones had been cut off"


@pytest.mark.parametrize(
    "path", ["/a%0d%0aSet-Cookie:%20x=1/b/1", "/a/b%0d%0aX-Evil:1?tf-hub-format=compressed"]
)
def test_no_header_can_be_injected(tightly_limited, path):
    answer = call(tightly_limited, "GET", path, allow_redirects=False)
    assert answer.status_code in {400, 404}
    assert "set-cookie" not in answer.headers
    assert "x-evil" not in answer.headers


def test_a_redirect_stays_on_this_hub(api, linear):
    answer = api("GET", "/shared/linear?tf-hub-format=compressed&x=%0d%0aX-Evil:1")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/shared/linear/1?")
    assert "x-evil" not in answer.headers


def test_no_request_can_forge_a_line_of_the_log(tightly_limited):
    call(tightly_limited, "GET", '/x%0a{"level":"info","message":"forged"}/y/1')
    lines = Path(tightly_limited.log.name).read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith('{"level"')]


def test_every_answer_has_safe_headers(tightly_limited):
    for path in ("/", "/absent", "/api/v1/nothing"):
        headers = call(tightly_limited, "GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        (
            "search?page=x",
            "The parameter 'page' cannot be used. Expected a number from 1 to 10000, got 'x'",
            "",
        ),
        (
            "search?page_size=0",
            "The parameter 'page_size' cannot be used. Expected a number from 1 to 100",
            "",
        ),
        ("search?sort=best", "The parameter 'sort' cannot be used. Expected one of relevance", "The order"),
        ("search?max_size=big", "The parameter 'max_size' cannot be used. Expected a size", "Units: KB"),
        ("search?trainable=maybe", "The parameter 'trainable' cannot be used. Expected true or false", ""),
        ("search?interface=a b", "The parameter 'interface' cannot be used. Expected an interface", ""),
        ("search?all_of=x", "The parameter 'all_of' cannot be used. Expected one of domain", "A facet"),
        ("search?publihser=acme", "The parameter 'publihser' is not known here", "Known: domain, "),
        ("publishers?page=2", "The parameter 'page' is not known here", "It takes no parameters."),
        ("files/acme/x/1?page=x", "Expected the field 'page' as int, got 'x'", ""),
        ("files/acme/x/1?from=1", "The parameter 'from' is not known here", "Known: deployment, page."),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(api, path, message, hint):
    answer = api("GET", f"/api/v1/{path}")
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
    assert hint in answer.json()["error"]["hint"]


@pytest.mark.parametrize("digits", [19, 5000])
@pytest.mark.parametrize("place", ["tokens", "publishers/acme/members", "publishers/acme/invitations"])
def test_a_number_that_is_too_large_is_invalid(api, admin, place, digits):
    answer = api("DELETE", f"/api/v1/{place}/{'9' * digits}", admin)
    assert answer.status_code == 404
    assert "The API has nothing at" in answer.json()["error"]["message"]


def test_an_unexpected_field_is_named(api, admin):
    answer = api("POST", "/api/v1/tokens", admin, json={"name": "x", "scope": "read", "publihser": "typo"})
    assert answer.status_code == 400
    assert "publihser" in answer.json()["error"]["message"]
