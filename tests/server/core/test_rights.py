"""Who may do what: every endpoint of the API × every kind of caller."""

from __future__ import annotations

import contextlib
import re

import pytest
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE
from running_models import RUNS_MODELS

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import RequestError
from tensorflow_hub.server.routes import ROUTES

CALLERS = ("anonymous", "reader", "stranger", "publisher", "owner", "admin", "junk")
NONE, ANY, TOKEN = set(), set(CALLERS) - {"junk"}, set(CALLERS) - {"anonymous", "junk"}
READERS = {"reader", "publisher", "owner", "admin"}
PUBLISHERS, OWNERS, ADMINS = {"publisher", "owner", "admin"}, {"owner", "admin"}, {"admin"}

HANDLE = "secret/model/1"
MEASURED = {"handle": HANDLE, "dataset": "d", "metric": "m", "value": 1.0}
KEY = "0123456789abcdef"
# Method, path, body → who is let through. The publisher `secret` is private.
MATRIX = [
    ("GET", "/healthz", None, set(CALLERS)),
    ("GET", "/readyz", None, set(CALLERS)),
    ("GET", "/metrics", None, ADMINS),
    ("GET", "/api/v1/openapi.json", None, set(CALLERS)),
    ("GET", "/help", None, set(CALLERS)),
    ("GET", "/help/api", None, set(CALLERS)),
    ("GET", "/login", None, set(CALLERS)),
    ("GET", "/", None, ANY),
    ("GET", "/s", None, ANY),
    ("GET", "/s/measured", None, ANY),
    ("GET", "/api/v1/measured", None, ANY),
    ("GET", "/api/v1/publishers", None, ANY),
    ("GET", "/api/v1/search", None, ANY),
    ("GET", "/secret", None, READERS),
    ("GET", f"/{HANDLE}", None, READERS),
    ("OPTIONS", f"/{HANDLE}", None, set(CALLERS)),
    ("GET", f"/{HANDLE}?tf-hub-format=compressed", None, READERS),
    ("GET", "/secret/model?tf-hub-format=compressed", None, READERS),
    ("GET", "/api/v1/publishers/secret", None, READERS),
    ("GET", "/api/v1/models/secret/model", None, READERS),
    ("GET", f"/api/v1/models/{HANDLE}", None, READERS),
    ("GET", "/api/v1/similar/secret/model", None, READERS),
    ("GET", "/api/v1/downloads/secret/model", None, READERS),
    ("GET", "/?feed=atom", None, ANY),
    ("GET", "/secret?feed=atom", None, READERS),
    ("GET", "/secret/model?feed=atom", None, READERS),
    ("GET", f"/{HANDLE}?inside=files", None, READERS),
    ("GET", f"/{HANDLE}?inside=text&file=assets/extra.bin", None, READERS),
    ("GET", f"/{HANDLE}?inside=changes&before=1", None, READERS),
    ("GET", f"/{HANDLE}?badge=svg", None, READERS),
    ("GET", f"/{HANDLE}?cite=bibtex", None, READERS),
    ("GET", f"/{HANDLE}?notebook=ipynb", None, READERS),
    ("GET", f"/{HANDLE}?sbom=cyclonedx", None, READERS),
    ("GET", f"/{HANDLE}:try", None, READERS),
    ("GET", f"/api/v1/files/{HANDLE}", None, READERS),
    ("GET", f"/api/v1/texts/{HANDLE}?file=assets/extra.bin", None, READERS),
    ("GET", f"/api/v1/variables/{HANDLE}", None, READERS),
    ("GET", f"/api/v1/graphs/{HANDLE}", None, READERS),
    ("GET", f"/api/v1/differences/{HANDLE}?before=1", None, READERS),
    ("POST", f"/{HANDLE}:predict", {"instances": [1.0]}, READERS),
    ("POST", "/v1/models/secret/model:predict", {"instances": [1.0]}, READERS),
    ("POST", "/v1/models/secret/model/versions/1:predict", {"instances": [1.0]}, READERS),
    ("POST", "/v1/models/secret/model:classify", {"examples": [{}]}, READERS),
    ("POST", "/v1/models/secret/model/versions/1:classify", {"examples": [{}]}, READERS),
    ("POST", "/v1/models/secret/model:regress", {"examples": [{}]}, READERS),
    ("POST", "/v1/models/secret/model/versions/1:regress", {"examples": [{}]}, READERS),
    ("GET", "/v1/models/secret/model", None, READERS),
    ("GET", "/v1/models/secret/model/metadata", None, READERS),
    ("GET", "/v1/models/secret/model/versions/1", None, READERS),
    ("GET", "/v1/models/secret/model/versions/1/metadata", None, READERS),
    ("GET", f"/{HANDLE}?inside=signatures", None, READERS),
    ("GET", f"/api/v1/signatures/{HANDLE}", None, READERS),
    ("POST", "/api/v1/signatures", {"handle": HANDLE, "envelope": "{}"}, PUBLISHERS),
    ("GET", "/api/v1/publishers/secret/keys", None, READERS),
    ("POST", "/api/v1/publishers/secret/keys", {"public_key": "x"}, OWNERS),
    ("DELETE", f"/api/v1/publishers/secret/keys/{KEY}", None, OWNERS),
    ("POST", "/api/v1/uploads", {"handle": "secret/model/2", "size": 9, "sha256": "0" * 64}, PUBLISHERS),
    ("GET", "/api/v1/uploads/UPLOAD", None, PUBLISHERS),
    ("PATCH", "/api/v1/uploads/UPLOAD", b"", PUBLISHERS),
    ("POST", "/api/v1/uploads/UPLOAD/publish", {}, PUBLISHERS),
    ("DELETE", "/api/v1/uploads/UPLOAD", None, PUBLISHERS),
    ("PUT", "/api/v1/cards", {"handle": HANDLE, "card": card(HANDLE)}, PUBLISHERS),
    ("PUT", "/api/v1/measurements", MEASURED, PUBLISHERS),
    ("PUT", "/api/v1/measurements", {**MEASURED, "publisher": "other"}, NONE),
    ("DELETE", "/api/v1/measurements/MEASURED", None, OWNERS),
    ("PUT", f"/api/v1/pictures/{HANDLE}?path=x.png", b"x", PUBLISHERS),
    ("POST", "/api/v1/withdrawals", {"handle": HANDLE}, OWNERS),
    ("POST", "/api/v1/restorations", {"handle": HANDLE}, OWNERS),
    ("POST", "/api/v1/deletions", {"handle": "secret/model/77"}, ADMINS),
    ("PATCH", "/api/v1/publishers/secret", {"title": "Secret"}, OWNERS),
    ("PATCH", "/api/v1/publishers/brand-new", {}, ADMINS),
    ("GET", "/api/v1/publishers/secret/members", None, OWNERS),
    ("PATCH", "/api/v1/publishers/secret/members/7", {"role": "owner"}, OWNERS),
    ("DELETE", "/api/v1/publishers/secret/members/7", None, OWNERS),
    ("POST", "/api/v1/publishers/secret/invitations", {"role": "owner"}, OWNERS),
    ("DELETE", "/api/v1/publishers/secret/invitations/7", None, OWNERS),
    ("GET", "/api/v1/tokens?publisher=secret", None, OWNERS),
    ("POST", "/api/v1/tokens", {"name": "x", "scope": "read", "publisher": "secret"}, OWNERS),
    ("POST", "/api/v1/tokens", {"name": "x", "scope": "admin", "publisher": None}, ADMINS),
    ("GET", "/api/v1/tokens/self", None, TOKEN),
    ("POST", "/api/v1/device-logins", {"name": "x"}, set(CALLERS)),
    ("POST", "/api/v1/device-tokens", {"device_code": "x"}, set(CALLERS)),
    ("DELETE", "/api/v1/tokens/VICTIM", None, OWNERS),
    ("GET", "/api/v1/webhooks?publisher=secret", None, OWNERS),
    ("POST", "/api/v1/webhooks", {"url": "https://9.9.9.9/", "publisher": "secret"}, OWNERS),
    ("POST", "/api/v1/webhooks", {"url": "https://9.9.9.9/", "publisher": None}, ADMINS),
    ("PATCH", "/api/v1/webhooks/HOOK", {"active": False}, OWNERS),
    ("GET", "/api/v1/webhooks/HOOK/deliveries", None, OWNERS),
    ("POST", "/api/v1/webhooks/HOOK/tests", {}, OWNERS),
    ("POST", "/api/v1/webhooks/HOOK/deliveries/MESSAGE/again", {}, OWNERS),
    ("DELETE", "/api/v1/webhooks/HOOK", None, OWNERS),
    ("GET", "/api/v1/mail", None, TOKEN),
    ("PATCH", "/api/v1/mail/secret", {"events": ["card"]}, NONE),  # none of these tokens is a member's
    ("DELETE", "/api/v1/mail/secret", None, NONE),
    ("GET", "/api/v1/audit?publisher=secret", None, OWNERS),
    ("GET", "/api/v1/audit?publisher=other", None, {"admin", "stranger"}),
]


@pytest.fixture(scope="session")
def hub_process(tmp_path_factory):
    """A hub that runs models too, where it can. `linear` is on the other hub, so tests here do not use it."""
    settings = {"TFHUB_SERVER_GUESSES_PER_MINUTE": "0", **RUNS_MODELS}
    with HubProcess(tmp_path_factory.mktemp("rights") / "data", **settings) as hub:
        yield hub


@pytest.fixture(scope="module")
def private(hub_process, tmp_path_factory):
    """A private publisher with a version."""
    import requests

    token = {"Authorization": f"Bearer {hub_process.token}"}
    url = f"{hub_process.url}/api/v1/publishers/secret"
    made = requests.patch(url, json={"private": True}, headers=token, timeout=PATIENCE)
    assert made.status_code == 201, made.text
    folder = module_with(tmp_path_factory.mktemp("secret") / "m", b"secret")
    return publish(folder, card=card(HANDLE), hub=hub_process.url, token=hub_process.token)


@pytest.fixture
def token_of(private, new_token, admin):
    def make(caller):
        return {
            "anonymous": lambda: None,
            "junk": lambda: "tfhub_junk",
            "reader": lambda: new_token("read", "secret"),
            "stranger": lambda: new_token("admin", "other"),
            "publisher": lambda: new_token("publish", "secret"),
            "owner": lambda: new_token("admin", "secret"),
            "admin": lambda: admin,
        }[caller]()

    return make


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]} {row[1]} {row[2] or ''}"[:60])
def test_every_endpoint_lets_through_who_may(api, token_of, new_token, row, caller):
    method, path, body, may = row
    admin = token_of("admin")
    token = token_of(caller)
    if "UPLOAD" in path:
        promise = {"handle": "secret/model/3", "size": 9, "sha256": "1" * 64}
        path = path.replace("UPLOAD", api("POST", "/api/v1/uploads", admin, json=promise).json()["id"])
    if "VICTIM" in path:
        secret = new_token("read", "secret")
        path = path.replace("VICTIM", str(api("GET", "/api/v1/tokens/self", secret).json()["id"]))
    if "HOOK" in path:
        for known in api("GET", "/api/v1/webhooks?publisher=secret", admin).json()["webhooks"]:
            api("DELETE", f"/api/v1/webhooks/{known['id']}", admin)  # there may be twenty
        wanted = {"url": "https://9.9.9.9/", "publisher": "secret"}
        hook = api("POST", "/api/v1/webhooks", admin, json=wanted).json()["id"]
        message = api("POST", f"/api/v1/webhooks/{hook}/tests", admin, json={}).json()["id"]
        path = path.replace("HOOK", str(hook)).replace("MESSAGE", message)
    if "MEASURED" in path:
        number = api("PUT", "/api/v1/measurements", admin, json=MEASURED).json()["id"]
        path = path.replace("MEASURED", str(number))
    payload = {"data": body} if isinstance(body, bytes) else {"json": body}
    if body is None:
        payload = {}
    answer = api(method, path, token, headers={"Upload-Offset": "0"}, **payload)
    allowed = caller in may
    if allowed:
        assert answer.status_code not in {401, 403}, answer.text
        if method == "GET" and (RUNS_MODELS or (not path.startswith("/v1/") and not path.endswith(":try"))):
            assert answer.status_code in {200, 302}, answer.text
    elif caller == "junk" or (caller == "anonymous" and _asks_for_credentials(method, path)):
        assert answer.status_code == 401
    else:
        assert answer.status_code == (404 if _hides(method, path) or _is_hidden_number(path, caller) else 403)


def _hides(method, path):
    """What a private publisher has is not even said to exist."""
    reads = method == "GET" or path.endswith((":predict", ":classify", ":regress"))
    return reads and "secret" in path and not re.search("[?]publisher=|/members|/mail/", path)


def _asks_for_credentials(method, path):
    """Feeds do, whether they are private or not there: readers do not sign in before they are asked."""
    return "feed=atom" in path or not _hides(method, path)


def _is_hidden_number(path, caller):
    """Neither is an upload, token or webhook of others, or a measurement of what is private."""
    if path.startswith("/api/v1/mail/"):
        return True
    kinds = "uploads|tokens|webhooks" + ("" if caller in READERS else "|measurements")
    return re.match(rf"/api/v1/({kinds})/[0-9a-f]", path) is not None


def test_the_matrix_has_every_endpoint():
    tested = {(method, path.partition("?")[0]) for method, path, _, _ in MATRIX}
    known = {
        "/api/v1/models/{handle:path}": f"/api/v1/models/{HANDLE}",
        "/api/v1/similar/{handle:path}": "/api/v1/similar/secret/model",
        "/api/v1/downloads/{handle:path}": "/api/v1/downloads/secret/model",
        **{
            f"/api/v1/{what}/{{handle:path}}": f"/api/v1/{what}/{HANDLE}"
            for what in ("files", "texts", "variables", "graphs", "differences", "signatures")
        },
        "/api/v1/mail/{publisher}": "/api/v1/mail/secret",
        "/api/v1/publishers/{publisher}": "/api/v1/publishers/secret",
        "/api/v1/uploads/{upload}": "/api/v1/uploads/UPLOAD",
        "/api/v1/uploads/{upload}/publish": "/api/v1/uploads/UPLOAD/publish",
        "/api/v1/tokens/{token:int}": "/api/v1/tokens/VICTIM",
        **{
            f"/api/v1/webhooks/{{webhook:int}}{rest}": f"/api/v1/webhooks/HOOK{rest}"
            for rest in ("", "/deliveries", "/tests")
        },
        "/api/v1/webhooks/{webhook:int}/deliveries/{delivery}/again": (
            "/api/v1/webhooks/HOOK/deliveries/MESSAGE/again"
        ),
        "/api/v1/measurements/{measurement:int}": "/api/v1/measurements/MEASURED",
        "/api/v1/pictures/{handle:path}": f"/api/v1/pictures/{HANDLE}",
        "/{path:path}": f"/{HANDLE}",
        "/{handle:path}:predict": f"/{HANDLE}:predict",
        "/{handle:path}:try": f"/{HANDLE}:try",
    }
    # test_sign_in.py tests for each form, and for the pages of the account, that no token opens them.
    pages = ("/settings", "/login/", "/logout", "/device")
    for_sessions = {route.path for route in ROUTES if route.path.startswith(pages)}
    public = for_sessions | {"/api/{path:path}", "/api/v1", "/robots.txt", "/favicon.ico", "/sitemap.xml"}
    for route in ROUTES:
        path = getattr(route, "path", "")
        if path in public or path.startswith("/static") or not hasattr(route, "methods"):
            continue
        is_form = path == "/login" or path.endswith(":try")
        for method in route.methods - {"HEAD"} - ({"POST"} if is_form else set()):
            path = re.sub(r"{(user|invitation):int}", "7", path).replace("{publisher}/", "secret/")
            if path.startswith("/v1/"):
                path = path.replace("{handle:path}", "secret/model").replace("{version:int}", "1")
            path = path.replace("{key}", KEY)
            assert (method, known.get(path, path)) in tested, f"{method} {path} is not in the rights matrix"


@pytest.mark.parametrize("caller", sorted(set(CALLERS) - {"junk"}))
def test_private_models_are_found_by_those_who_may_read_them(api, token_of, caller):
    token = token_of(caller)
    answer = api("GET", "/api/v1/search?q=secret+model", token).json()
    assert ("secret/model" in [result["model"] for result in answer["results"]]) is (caller in READERS)
    assert ("secret" in str(answer["facets"]["publisher"])) is (caller in READERS)
    page = api("GET", "/s?q=model", token, headers={"Accept": "text/html"})
    assert ("secret/model" in page.text) is (caller in READERS)
    assert ("secret" in api("GET", "/", token, headers={"Accept": "text/html"}).text) is (caller in READERS)


def test_private_names_are_not_suggested(api, private):
    error = api("GET", "/secret/modl/1").json()["error"]
    assert "suggestions" not in error
    assert "secret/model" not in str(error["hint"])
    assert "secret" not in [p["name"] for p in api("GET", "/api/v1/publishers").json()["publishers"]]


def test_shared_caches_may_not_store_private_answers(api, admin, private):
    answer = api("GET", f"/{HANDLE}?tf-hub-format=compressed", admin)
    assert answer.headers["cache-control"].startswith("private")


def test_an_expired_or_revoked_token_is_unknown(api, admin, new_token, hub_process):
    secret = new_token("publish", "acme-expired", days=1)
    number = api("GET", "/api/v1/tokens/self", secret).json()["id"]
    assert api("DELETE", f"/api/v1/tokens/{number}", secret).status_code == 204
    assert api("GET", "/api/v1/tokens/self", secret).status_code == 401


def test_secrets_are_not_kept_in_the_clear(hub_process, admin):
    read = set()
    for file in hub_process.data.rglob("*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # the search index drops old parts
            assert admin.encode() not in file.read_bytes(), file
            read.add(file.name)
    assert "catalogue.sqlite" in read


def test_no_two_publishers_differ_by_case_only(hub_process, admin, new_token):
    publish(module(), card=card("shared/linear/1"), hub=hub_process.url, token=admin)
    token = new_token("publish", "SHARED")
    done = publish(module(), card=card("shared/linear/1"), hub=hub_process.url, token=token)
    assert done.handle == "shared/linear/1"
    with pytest.raises(RequestError, match="Expected the publisher 'shared', got 'SHARED'"):
        publish(module(), card=card("SHARED/linear/1"), hub=hub_process.url, token=token)


def test_the_audit_log_has_who_did_what(api, admin, hub_process, tmp_path):
    folder = module_with(tmp_path / "m", b"audited")
    publish(folder, card=card("audited/model/1"), hub=hub_process.url, token=admin)
    [entry] = api("GET", "/api/v1/audit?publisher=audited", admin).json()["entries"]
    assert entry["action"] == "publish"
    assert entry["actor"] == "first administrator"
    assert entry["address"] == "127.0.0.1"
    assert entry["subject"] == "audited/model/1"
    before = api("GET", f"/api/v1/audit?publisher=audited&before={entry['id']}", admin).json()
    assert before == {"entries": []}
