"""Signing in with a browser: sessions, their cookies and rights, and what other sites cannot do with them."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta

import pytest
import requests
import sqlalchemy as sa
from hub_content import card
from hub_process import HubProcess
from patience import PATIENCE, until
from private_hub import HIDDEN, api, new_token
from web_visitor import Visitor

from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.tables import sessions
from tensorflow_hub.server.routes import FORMS


@contextlib.contextmanager
def catalogue(hub):
    database = Database(database_url(hub.settings.get("TFHUB_SERVER_DATABASE", ""), hub.data))
    with database.writing() as connection:
        yield connection
    database.close()


def test_a_private_model_is_seen_from_sign_in_to_sign_out(hub, visitor):
    hidden = visitor.open(f"/{HIDDEN}")
    assert hidden.status_code == 404
    assert f'href="/login?next=/{HIDDEN}"' in hidden.text
    signed_in = visitor.sign_in(new_token(hub)["secret"], f"/{HIDDEN}")
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, f"/{HIDDEN}")
    shown = visitor.open(f"/{HIDDEN}")
    assert shown.status_code == 200
    assert "read hidden</a>" in shown.text
    assert HIDDEN.rpartition("/")[0] in visitor.open("/s?q=model").text
    signed_out = visitor.send("/settings", "/logout")
    assert (signed_out.status_code, signed_out.headers["Location"]) == (303, "/")
    assert visitor.open(f"/{HIDDEN}").status_code == 404


def test_a_long_card_of_a_private_model_names_the_command_that_shows_all_of_it(hub, visitor):
    text = card("hidden/long/1", "Placeholder") + "word " * 25_000
    api(hub, "PUT", "/api/v1/cards", json={"handle": "hidden/long/1", "card": text})
    visitor.sign_in(new_token(hub)["secret"])
    page = visitor.open("/hidden/long/1").text
    assert "<code>tfhub show hidden/long/1 --json</code>" in page
    assert "/api/v1/models/hidden" not in page, "the API takes no cookie"


def test_absent_and_private_models_look_the_same(visitor):
    hidden, absent = (visitor.open(f"/hidden/{name}/1") for name in ("model", "mdoel"))
    for text in ("/hidden/model/1", "hidden model"):
        assert text in hidden.text
    as_absent = hidden.text
    for text in ("/model", "hidden model", "hidden%20model"):
        as_absent = as_absent.replace(text, text.replace("model", "mdoel"))
    assert as_absent == absent.text
    assert hidden.status_code == absent.status_code == 404


def test_the_cookie_is_kept_from_scripts_and_other_sites(hub, visitor):
    token = new_token(hub)["secret"]
    header = visitor.sign_in(token).headers["Set-Cookie"]
    assert header.startswith("tfhub_session=")
    session = header.partition(",")[0].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= set(session.split("; "))
    assert "secure" not in session, "browsers would not send it back over http"
    assert token not in header
    secret = visitor.session.cookies["tfhub_session"]
    with catalogue(hub) as connection:
        rows = str(connection.execute(sa.select(sessions)).all())
    assert secret not in rows


def test_over_https_no_other_host_can_set_the_cookie(tmp_path):
    with HubProcess(tmp_path / "data", TFHUB_SERVER_PUBLIC_URL="https://hub.example") as hub:
        page = requests.get(f"{hub.url}/login", timeout=PATIENCE)
        assert page.headers["Set-Cookie"].startswith("__Host-tfhub_form=")
        assert "Secure" in page.headers["Set-Cookie"]
        form = page.text.partition('name="form_token" value="')[2].partition('"')[0]
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        signed_in = requests.post(
            f"{hub.url}/login",
            data={"form_token": form, "token": hub.token},
            headers={"Cookie": cookie, "Origin": "https://hub.example"},
            timeout=PATIENCE,
            allow_redirects=False,
        )
        assert signed_in.status_code == 303
        assert signed_in.headers["Set-Cookie"].startswith("__Host-tfhub_session=")
        secret = signed_in.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        for name, status in (("__Host-tfhub_session", 200), ("tfhub_session", 401)):
            headers = {"Cookie": f"{name}={secret}", "Accept": "text/html"}
            assert (
                requests.get(f"{hub.url}/settings", headers=headers, timeout=PATIENCE).status_code == status
            )


def test_a_session_has_the_rights_of_its_token_and_no_more(hub, visitor):
    visitor.sign_in(new_token(hub, "publish", "elsewhere")["secret"])
    assert visitor.open(f"/{HIDDEN}").status_code == 404
    assert visitor.open("/metrics").status_code == 403
    account = visitor.open("/settings").text
    assert '<a href="/elsewhere">elsewhere</a></td><td data-label="Role">publisher</td>' in account
    assert 'href="/hidden"' not in account


@pytest.mark.parametrize("path", ["", "/tokens", "/mail", "/measurements", "/webhooks"])
def test_who_manages_the_hub_finds_its_webhooks_from_each_page_of_the_account(hub, visitor, path):
    visitor.sign_in(hub.token)
    assert '<a href="/settings/webhooks"' in _tabs(visitor.open(f"/settings{path}").text)


def test_an_owner_of_a_publisher_gets_no_link_to_the_webhooks_of_the_hub(owner):
    for path in ("", "/tokens", "/mail", "/measurements"):
        tabs = _tabs(owner.open(f"/settings{path}").text)
        assert "/settings/tokens" in tabs
        assert "/settings/webhooks" not in tabs


def _tabs(page):
    return page.partition('<nav class="on-page" aria-label="Your account">')[2].partition("</nav>")[0]


@pytest.mark.parametrize("end", ["revoke", "expire", "idle", "too old"])
def test_a_session_ends(hub, visitor, end):
    token = new_token(hub, days=1)
    visitor.sign_in(token["secret"])
    assert visitor.open("/settings").status_code == 200
    if end == "revoke":
        api(hub, "DELETE", f"/api/v1/tokens/{token['id']}")
    else:
        values = {
            "expire": "UPDATE tokens SET expires_at = 1 WHERE id = :id",
            "idle": "UPDATE sessions SET used_at = used_at - 13 * 3600 WHERE token_id = :id",
            "too old": "UPDATE sessions SET expires_at = 1 WHERE token_id = :id",
        }
        with catalogue(hub) as connection:
            assert connection.execute(sa.text(values[end]), {"id": token["id"]}).rowcount == 1
    assert visitor.open("/settings").status_code == 401
    assert visitor.open(f"/{HIDDEN}").status_code == 404


def test_use_keeps_a_session_alive(hub, visitor):
    token = new_token(hub)
    visitor.sign_in(token["secret"])
    with catalogue(hub) as connection:
        connection.execute(sa.update(sessions).values(used_at=sessions.c.used_at - 3600))
        before = connection.execute(_used_at(token)).scalar_one()
    visitor.open("/settings")

    def is_use_recorded():
        with catalogue(hub) as connection:
            return connection.execute(_used_at(token)).scalar_one() > before + 3000

    until(is_use_recorded)


def _used_at(token):
    return sa.select(sessions.c.used_at).where(sessions.c.token_id == token["id"])


def test_each_sign_in_has_a_session_of_its_own(hub, visitor):
    visitor.session.cookies.set("tfhub_session", "chosen-by-somebody-else", domain="127.0.0.1", path="/")
    visitor.sign_in(new_token(hub)["secret"])
    first = {cookie.value for cookie in visitor.session.cookies if cookie.name == "tfhub_session"}
    assert "chosen-by-somebody-else" not in first
    visitor.sign_in(new_token(hub, "publish")["secret"])
    [second] = {cookie.value for cookie in visitor.session.cookies if cookie.name == "tfhub_session"}
    old = requests.get(f"{hub.url}/settings", cookies={"tfhub_session": first.pop()}, timeout=PATIENCE)
    assert old.status_code == 401, "the session before is over"
    assert second
    assert visitor.open("/settings").status_code == 200


def test_sessions_are_listed_and_ended(hub, visitor):
    token = new_token(hub)["secret"]
    stranger = Visitor(hub.url)
    stranger.sign_in(new_token(hub, "admin")["secret"])
    other = Visitor(hub.url)
    other.session.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"
    for each in (visitor, other):
        each.sign_in(token)
    page = visitor.open("/settings").text
    assert "Firefox on Windows" in page
    assert page.count("127.0.0.1") == 2
    action = page.partition('action="/settings/sessions/')[2].partition('"')[0]
    form = stranger.open("/settings").text.partition('name="form_token" value="')[2].partition('"')[0]
    refused = stranger.post(f"/settings/sessions/{action}", form_token=form)
    assert refused.status_code == 404
    assert visitor.send("/settings", f"/settings/sessions/{action}").status_code == 303
    assert other.open("/settings").status_code == 401
    assert visitor.open("/settings").status_code == 200


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.path)
@pytest.mark.parametrize("sent", ["none", "another's", "of before"])
def test_no_form_is_taken_without_its_proof(hub, visitor, form, sent):
    before = visitor.open("/login").text.partition('name="form_token" value="')[2].partition('"')[0]
    visitor.sign_in(hub.token)
    other = Visitor(hub.url).open("/login").text.partition('name="form_token" value="')[2].partition('"')[0]
    path = re.sub("{.*?}", "7", form.path)
    fields = {"none": {"x": "1"}, "another's": {"form_token": other}, "of before": {"form_token": before}}[
        sent
    ]
    answer = visitor.post(path, **fields)
    assert answer.status_code == 403
    assert "Expected the form token that this hub has sent to this browser" in answer.text
    assert visitor.open("/settings").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_no_form_of_another_site_is_taken(hub, visitor, headers):
    visitor.sign_in(hub.token)
    answer = visitor.send("/settings", "/logout", headers=headers)
    assert answer.status_code == 403
    assert "Expected a form from a page of" in answer.text
    assert visitor.open("/settings").status_code == 200


@pytest.mark.parametrize("form", [form for form in FORMS if not form.for_all], ids=lambda form: form.path)
def test_forms_are_for_those_who_are_signed_in(hub, visitor, form):
    token = visitor.open("/login").text.partition('name="form_token" value="')[2].partition('"')[0]
    path = re.sub("{.*?}", "7", form.path)
    headers = {"Authorization": f"Bearer {hub.token}"}
    assert visitor.post(path, form_token=token).status_code == 401
    assert visitor.post(path, form_token=token, headers=headers).status_code == 401


@pytest.mark.parametrize("content", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_form_comes_as_browsers_send_it(visitor, content):
    answer = visitor.post("/login", headers={"Content-Type": content})
    assert answer.status_code == 400
    assert "Expected a form as application/x-www-form-urlencoded" in answer.text


def test_the_api_ignores_cookies(hub, visitor):
    visitor.sign_in(hub.token)
    for method, path in (
        ("GET", "/api/v1/audit"),
        ("POST", "/api/v1/tokens"),
        ("GET", "/api/v1/tokens/self"),
    ):
        answer = visitor.session.request(method, hub.url + path, json={}, timeout=PATIENCE)
        assert answer.status_code == 401
    for path in ("/api/v1/search?q=model", "/api/v1/publishers"):
        assert "hidden" not in visitor.session.get(hub.url + path, timeout=PATIENCE).text


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil",
        "/login?next=/login",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(hub, visitor, goal):
    answer = visitor.send("/login", "/login", token=hub.token, next=goal)
    assert answer.status_code == 303
    assert answer.headers["Location"] in {"/", "/%09/evil.example"}, "a path of this hub, in any case"
    page = Visitor(hub.url).open("/login?next=" + requests.utils.quote(goal)).text
    assert 'name="next" value="/"' in page or 'value="/%09/evil.example"' in page


def test_a_wrong_token_is_refused_and_not_shown(visitor):
    answer = visitor.send("/login", token="tfhub_junk<script>")
    assert answer.status_code == 401
    assert "unknown, revoked or expired" in answer.text
    assert "junk" not in answer.text
    assert "tfhub_session" not in visitor.session.cookies


def test_guesses_are_slowed_down_over_all_processes(tmp_path):
    """By the limit of unknown tokens: pages are no way around it."""
    with contextlib.ExitStack() as stack:
        limits = {"TFHUB_SERVER_GUESSES_PER_MINUTE": "3"}
        hubs = [stack.enter_context(HubProcess(tmp_path / "data", **limits)) for _ in range(2)]
        visitors = [Visitor(hub.url) for hub in hubs]
        answers = [visitors[i % 2].send("/login", token=f"tfhub_{i}").status_code for i in range(6)]
        assert answers == [401, 401, 401, 429, 429, 429]
        bearer = {"Authorization": "Bearer tfhub_x"}
        assert requests.get(f"{hubs[0].url}/s", headers=bearer, timeout=PATIENCE).status_code == 429
        assert visitors[0].sign_in(hubs[0].token).status_code == 303, "others there have good tokens"


def test_answers_for_one_user_are_not_cached(hub, visitor):
    visitor.sign_in(new_token(hub)["secret"])
    for path in (
        "/",
        "/s?q=model",
        f"/{HIDDEN}",
        "/hidden/model",
        f"/{HIDDEN}?inside=changes",
        "/hidden",
        "/settings",
        "/settings/tokens",
        "/settings/measurements",
        "/help",
        "/nothing/here/1",
    ):
        answer = visitor.open(path)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert {"Cookie", "Authorization"} <= set(answer.headers["Vary"].split(", ")), path
        assert "ETag" not in answer.headers
    facts = visitor.session.get(
        f"{hub.url}/{HIDDEN}", headers={"Accept": "application/json"}, timeout=PATIENCE
    )
    assert facts.json()["handle"] == HIDDEN
    assert facts.headers["Cache-Control"] == "no-store"
    assert "Cookie" in facts.headers["Vary"]


@pytest.mark.parametrize("path", ["/login", "/settings", "/settings/tokens"])
def test_pages_with_forms_cannot_be_framed_or_run_scripts(hub, visitor, path):
    visitor.sign_in(new_token(hub)["secret"])
    answer = visitor.open(path)
    assert answer.headers["X-Frame-Options"] == "DENY"
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert len(answer.content) < 10_000


def test_signing_in_is_in_the_audit_log(hub, visitor):
    visitor.sign_in(new_token(hub, "admin")["secret"])
    [entry, *_] = api(hub, "GET", "/api/v1/audit?publisher=hidden").json()["entries"]
    assert (entry["action"], entry["actor"], entry["address"]) == ("sign_in", "admin hidden", "127.0.0.1")


def test_tokens_are_made_shown_once_and_revoked(hub, visitor):
    owner = new_token(hub, "admin")
    visitor.sign_in(owner["secret"])
    wanted = {"name": "ci <b>", "publisher": "hidden", "scope": "publish", "days": "30"}
    made = visitor.send("/settings/tokens", **wanted)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    secret = re.search(r"<code>(tfhub_[\w-]+)</code>", made.text)[1]
    assert f"<code>tfhub login --paste {hub.url}</code>" in made.text
    facts = api(hub, "GET", "/api/v1/tokens/self", secret).json()
    assert (facts["name"], facts["scope"], facts["publisher"]) == ("ci <b>", "publish", "hidden")
    made_at, until_when = (datetime.fromisoformat(facts[key][:-1]) for key in ("created_at", "expires_at"))
    # Its end is computed a moment before it is made, perhaps in the second before.
    assert timedelta(days=30, seconds=-PATIENCE) < until_when - made_at <= timedelta(days=30)
    shown = visitor.open("/settings/tokens").text
    assert secret not in shown
    assert "ci &lt;b&gt;" in shown

    def was_used():
        return api(hub, "GET", "/api/v1/tokens/self", secret).json()["used_at"] is not None

    until(was_used)
    assert visitor.send("/settings/tokens", f"/settings/tokens/{facts['id']}/revoke").status_code == 303
    bearer = {"Authorization": f"Bearer {secret}"}
    assert requests.get(f"{hub.url}/api/v1/tokens/self", headers=bearer, timeout=PATIENCE).status_code == 401
    assert f"/{facts['id']}/revoke" not in visitor.open("/settings/tokens").text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"publisher": "elsewhere"}, 403),
        ({"publisher": ""}, 403),
        ({"publisher": "a/b"}, 403),
        ({"scope": "everything"}, 400),
        ({"name": ""}, 400),
        ({"days": "-1"}, 400),
        ({"days": "99999999999999999999"}, 400),
    ],
)
def test_no_token_has_more_than_who_made_it(hub, visitor, fields, status):
    visitor.sign_in(new_token(hub, "admin")["secret"])
    asked = {"name": "x", "publisher": "hidden", "scope": "read", "days": "7"} | fields
    assert visitor.send("/settings/tokens", **asked).status_code == status


def test_a_refused_form_leads_back_to_its_page(hub, visitor):
    visitor.sign_in(new_token(hub, "admin")["secret"])
    page = f"{hub.url}/settings/tokens"
    fields = {"name": "ci", "publisher": "hidden", "scope": "publish", "days": "-1"}
    refused = visitor.send("/settings/tokens", headers={"Referer": page}, **fields)
    assert refused.status_code == 400
    assert f'<a class="button" href="{page}">Back to the form</a>' in refused.text
    assert "Search the hub" not in refused.text
    for other in ("https://evil.example/", f"{hub.url}.evil.example/", "javascript:alert(1)"):
        refused = visitor.send("/settings/tokens", headers={"Referer": other}, **fields)
        assert other not in refused.text
        assert "Search the hub" in refused.text
    missing = visitor.open("/acme/nothing", Referer=page)
    assert "Back to the form" not in missing.text


def test_a_user_who_owns_no_publisher_sees_only_the_own_token(hub, visitor):
    visitor.sign_in(new_token(hub, "publish")["secret"])
    page = visitor.open("/settings/tokens").text
    assert "publish hidden" in page
    assert "Make a token" not in page
    form = page.partition('name="form_token" value="')[2].partition('"')[0]
    fields = {"name": "x", "publisher": "hidden", "scope": "read", "form_token": form}
    assert visitor.post("/settings/tokens", **fields).status_code == 403
    other = new_token(hub, "read", "elsewhere")
    assert visitor.post(f"/settings/tokens/{other['id']}/revoke", form_token=form).status_code == 404
