"""Signing in at an OpenID Connect provider: a real one, in a process of its own."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import dataclasses
import re
import socket
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hub_process import HubProcess
from patience import PATIENCE, until
from ports import fixed_ports
from private_hub import HIDDEN, api, private_hub
from web_visitor import Visitor

from tensorflow_hub.errors import AuthenticationError
from tensorflow_hub.server.oidc.provider import Provider, SignInAttempt
from tensorflow_hub.server.settings import ServerSettings

joserfc = pytest.importorskip("joserfc")
pytest.importorskip("oidc_provider_mock")


@pytest.fixture(scope="module")
def issuer():
    [port] = fixed_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{url}/.well-known/openid-configuration", timeout=PATIENCE).ok

    until(answers, "the provider")
    yield url
    process.terminate()
    process.wait(PATIENCE)


@pytest.fixture(scope="module")
def hub(issuer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sso")
    (folder / "secret").write_text("s3cret\n")
    settings = {
        "TFHUB_SERVER_OIDC_ISSUER": issuer,
        "TFHUB_SERVER_OIDC_CLIENT_ID": "hub",
        "TFHUB_SERVER_OIDC_SECRET_FILE": str(folder / "secret"),
        "TFHUB_SERVER_OIDC_DOMAINS": "example.com",
        "TFHUB_SERVER_OIDC_ROLES": "team=hidden:publisher, admins=*:owner",
    }
    with private_hub(folder / "data", "sqlite", **settings) as hub:
        yield hub


def person(issuer, sub, mail=None, verified=True, groups=()):
    """Tells the provider of a person."""
    claims = {"email": mail or f"{sub}@example.com", "email_verified": verified, "groups": list(groups)}
    requests.put(f"{issuer}/users/{sub}", json=claims, timeout=PATIENCE).raise_for_status()


def at_provider(visitor, sub, goal="/"):
    """Begins to sign in, and allows it at the provider; where the browser is sent back to."""
    begun = visitor.open(f"/login/start?next={goal}")
    assert begun.status_code == 302
    allowed = requests.post(
        begun.headers["Location"], data={"sub": sub}, allow_redirects=False, timeout=PATIENCE
    )
    assert allowed.status_code in {302, 303}, allowed.text
    return allowed.headers["Location"]


def sign_in(visitor, sub, goal="/"):
    back = at_provider(visitor, sub, goal)
    return visitor.open(back.removeprefix(visitor.url))


def test_a_person_signs_in_and_has_the_roles_of_the_groups(hub, issuer):
    person(issuer, "ada", groups=["team"])
    visitor = Visitor(hub.url)
    host = issuer.removeprefix("http://")
    link = f'href="/login/start?next=/" rel="nofollow">Sign in at {host}</a>'
    assert link in visitor.open("/login").text
    done = sign_in(visitor, "ada", f"/{HIDDEN}")
    assert (done.status_code, done.headers["Location"]) == (303, f"/{HIDDEN}")
    assert visitor.open(f"/{HIDDEN}").status_code == 200
    account = visitor.open("/settings").text
    assert "ada@example.com" in account
    assert '<td data-label="Role">publisher</td>' in account
    assert "tfhub_sign_in" not in visitor.session.cookies


def test_a_person_who_left_a_group_loses_its_role_at_the_next_sign_in(hub, issuer):
    person(issuer, "grace", groups=["team", "admins"])
    visitor = Visitor(hub.url)
    sign_in(visitor, "grace")
    assert visitor.open("/metrics").status_code == 200
    person(issuer, "grace")
    sign_in(visitor, "grace")
    assert visitor.open("/metrics").status_code == 403
    assert visitor.open(f"/{HIDDEN}").status_code == 404
    members = api(hub, "GET", "/api/v1/publishers/hidden/members").json()["members"]
    assert "grace@example.com" not in [member["name"] for member in members]


def test_a_person_is_identified_by_sub_and_not_by_mail(hub, issuer):
    person(issuer, "first", mail="shared@example.com", groups=["team"])
    sign_in(Visitor(hub.url), "first")
    person(issuer, "second", mail="shared@example.com")
    visitor = Visitor(hub.url)
    sign_in(visitor, "second")
    assert visitor.open(f"/{HIDDEN}").status_code == 404
    assert "shared@example.com-2" in visitor.open("/settings").text


@pytest.mark.parametrize(("mail", "verified"), [("x@evil.example", True), ("x@example.com", False)])
def test_only_verified_addresses_of_the_domains_may_sign_in(hub, issuer, mail, verified):
    person(issuer, "stranger", mail=mail, verified=verified, groups=["team"])
    visitor = Visitor(hub.url)
    refused = sign_in(visitor, "stranger")
    assert refused.status_code == 403
    assert "Only people with a verified mail address of example.com can sign in" in refused.text
    assert "tfhub_session" not in visitor.session.cookies


def test_an_answer_of_another_browser_is_refused(hub, issuer):
    """Else somebody could sign a victim in as themselves."""
    person(issuer, "mallory", groups=["team"])
    mallory, victim = Visitor(hub.url), Visitor(hub.url)
    back = at_provider(mallory, "mallory").removeprefix(hub.url)
    assert victim.open(back).status_code == 401
    victim.open("/login/start")
    refused = victim.open(back)
    assert refused.status_code == 401
    assert "not begun with this browser" in refused.text
    assert mallory.open(back).status_code == 303
    assert mallory.open(back).status_code == 401, "an answer is good once"


def test_a_forged_cookie_does_not_redirect_to_another_site(hub, issuer):
    """Over http, other servers of the same host can set cookies."""
    person(issuer, "guest")
    visitor = Visitor(hub.url)
    back = at_provider(visitor, "guest").removeprefix(hub.url)
    begun = SignInAttempt.from_text(visitor.session.cookies["tfhub_sign_in"])
    forged = dataclasses.replace(begun, goal="https://evil.example/").to_text()
    done = Visitor(hub.url).open(back, Cookie=f"tfhub_sign_in={forged}")
    assert (done.status_code, done.headers["Location"]) == (303, "/")


def test_a_deeply_nested_cookie_is_ignored(hub):
    nested = base64.urlsafe_b64encode(b"[" * 4000).decode()
    answer = Visitor(hub.url).open("/login/end?state=x&code=x", Cookie=f"tfhub_sign_in={nested}")
    assert answer.status_code == 401


@pytest.mark.parametrize("query", ["", "?state=x", "?code=x", "?error=access_denied"])
def test_an_answer_without_a_beginning_is_refused(hub, query):
    assert Visitor(hub.url).open(f"/login/end{query}").status_code == 401


def test_the_provider_may_say_no(hub, issuer):
    visitor = Visitor(hub.url)
    begun = visitor.open("/login/start").headers["Location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    refused = visitor.open(f"/login/end?state={state}&error=access_denied&error_description=<b>")
    assert refused.status_code == 401
    assert "access_denied" in refused.text
    assert "<b>)" not in refused.text
    other = visitor.open(f"/login/end?state={state}&code=x&iss=https://evil.example")
    assert other.status_code == 401


def test_the_question_has_a_challenge_and_no_secret(hub, issuer):
    begun = Visitor(hub.url).open("/login/start?next=//evil.example")
    asked = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{hub.url}/login/end"]
    assert "s3cret" not in begun.headers["Location"]
    text = re.search(r"tfhub_sign_in=([^;]+)", begun.headers["Set-Cookie"])[1]
    assert SignInAttempt.from_text(text).goal == "/"
    assert "HttpOnly" in begun.headers["Set-Cookie"]


@pytest.fixture(scope="module")
def key():
    from joserfc.jwk import RSAKey

    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.mark.parametrize(
    ("change", "alg"),
    [
        ({}, "RS256"),
        ({"iss": "https://evil.example"}, "RS256"),
        ({"aud": "another"}, "RS256"),
        ({"aud": ["hub", "another"]}, "RS256"),
        ({"nonce": "another"}, "RS256"),
        ({"nonce": None}, "RS256"),
        ({"exp": 1}, "RS256"),
        ({"sub": ""}, "RS256"),
        ({"sub": None}, "RS256"),
        ({}, "another key"),
        ({}, "none"),
        ({}, "HS256"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(key, change, alg):
    """Signed by the key of a provider, then changed in one thing."""
    from joserfc import jwt
    from joserfc.jwk import KeySet, OctKey, RSAKey

    provider = Provider(ServerSettings(oidc_issuer="https://idp.example", oidc_client_id="hub"))
    provider._cached_keys = (time.monotonic(), KeySet.import_key_set({"keys": [key.as_dict(private=False)]}))
    now = int(time.time())
    claims = {
        "iss": "https://idp.example",
        "aud": "hub",
        "sub": "ada",
        "nonce": "n",
        "iat": now,
        "exp": now + 60,
    }
    claims = {name: value for name, value in (claims | change).items() if value is not None}
    with_key = {"RS256": key, "another key": RSAKey.generate_key(2048), "HS256": OctKey.generate_key(256)}
    header = {"alg": "RS256" if alg == "another key" else alg, "kid": "one"}
    if alg == "none":
        token = jwt.encode({**header, "alg": "RS256"}, claims, key)
        token = "eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."
    else:
        token = jwt.encode(header, claims, with_key[alg])
    if not change and alg == "RS256":
        assert provider._verified_claims(token, "n")["sub"] == "ada"
        return
    with pytest.raises(AuthenticationError, match="The sign-in failed"):
        provider._verified_claims(token, "n")


def test_pages_work_while_the_provider_hangs(tmp_path):
    """It takes connections and says nothing; more people than the hub has threads press "Sign in"."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = {"TFHUB_SERVER_OIDC_ISSUER": issuer, "TFHUB_SERVER_OIDC_CLIENT_ID": "hub"}
        with (
            HubProcess(tmp_path / "data", **settings) as hub,
            concurrent.futures.ThreadPoolExecutor(80) as pool,
        ):
            asked = [pool.submit(Visitor(hub.url).open, "/login/start") for _ in range(80)]
            time.sleep(0.5)
            started = time.monotonic()
            assert Visitor(hub.url).open("/help").status_code == 200
            took = time.monotonic() - started
            answers = [one.result() for one in asked]
    assert took < 8, "one wait for the provider takes ten seconds"
    assert {answer.status_code for answer in answers} == {503}
    assert all("identity provider of this hub does not answer" in answer.text for answer in answers)
