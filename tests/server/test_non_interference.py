"""Nobody learns of what is private: two hubs, alike but for a private publisher, answer every request of
those who may not read it by the same bytes.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from urllib.parse import quote, urlencode

import pytest
import requests
import sqlalchemy as sa
from hub_content import card, module
from hub_process import HubProcess
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from real_services import Postgres
from running_models import RUNS_MODELS

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.tables import models, versions
from tensorflow_hub.server.routes import ROUTES

# Words of public cards, words that only private cards have, and words that both have.
PUBLIC_WORDS = ("text", "embedding", "sentence", "vectors", "image", "classification", "acme", "encoder")
PRIVATE_WORDS = ("quokka", "wombat", "platypus", "marsupial", "echidna", "hidden", "quokkanet")
# Handles: public, of a stranger, private, and of nothing.
PUBLIC = ("acme/text-embedding/1", "acme/text-embedding/2", "acme/family/1", "acme/collection/encoders/1")
STRANGE = ("strange/own-encoder/1",)
PRIVATE = (
    "hidden/quokka-encoder/1",
    "hidden/quokka-encoder/2",
    "hidden/lite-model/family/1",
    "hidden/withdrawn/1",
    "hidden/gone/1",
    "hidden/collection/marsupials/1",
    "hidden/nested/1/default/1",
)
ABSENT = (
    "hidden/quoka-encoder/1",
    "hidden/family/1",
    "hidden/quokka-encoder/9",
    "hiden/x/1",
    "acme/quokka-encoder/1",
)
CALLERS = ("anonymous", "owner of acme", "owner of a private publisher", "signed in as owner of acme")


class Cookies(str):
    """The cookies of a browser, in place of a token."""


class ComparedHub:
    """A hub with the public content and, if `has_private`, the private publisher as well."""

    def __init__(self, hub, has_private):
        self.hub = hub
        self.has_private = has_private
        self.private_token = None
        self.tokens = {"anonymous": None}
        self._fill()
        self._date()

    def call(self, method, path, token, **options):
        headers = {"Accept-Encoding": "identity", **options.pop("headers", {})}
        if isinstance(token, Cookies):
            headers["Cookie"] = token
        elif token:
            headers["Authorization"] = f"Bearer {token}"
        url = self.hub.url + path
        return requests.request(
            method, url, headers=headers, timeout=PATIENCE, allow_redirects=False, **options
        )

    def admin(self, method, path, **options):
        answer = self.call(method, path, self.hub.token, **options)
        assert answer.ok, answer.text
        return answer

    def entry(self, handle, kind, words, *fields):
        text = card(handle, kind, *fields).replace("A line through the origin.", words)
        self.admin("PUT", "/api/v1/cards", json={"handle": handle, "card": text})

    def files(self, folder, handle):
        publish(folder, card=card(handle), hub=self.hub.url, token=self.hub.token)

    def new_token(self, publisher, scope):
        body = {"name": f"{scope} {publisher}", "scope": scope, "publisher": publisher}
        return self.admin("POST", "/api/v1/tokens", json=body).json()

    def _fill(self):
        """Private things come first, last and in between: numbers of rows would tell of them too."""
        if self.has_private:
            self.admin("PATCH", "/api/v1/publishers/hidden", json={"private": True, "title": "Hidden"})
            self.private_token = self.new_token("hidden", "publish")
            self.entry("hidden/quokka-encoder/1", "Placeholder", "Encoder of quokka and wombat sentences.")
        self.files(module(), "acme/text-embedding/1")
        self.entry("acme/family/1", "Placeholder", "A family of sentence encoders.", "language: en")
        if self.has_private:
            self.files(module(), "hidden/quokka-encoder/2")
            parent = "parent-model: acme/family/1"
            self.entry(
                "hidden/lite-model/family/1", "Placeholder", "Platypus text.", parent, "format: saved_model_2"
            )
            for handle in ("hidden/withdrawn/1", "hidden/gone/1", "hidden/nested/1/default/1"):
                self.entry(handle, "Placeholder", "Text embedding of a marsupial echidna.", "language: xx")
            for state, name in (("withdrawals", "withdrawn"), ("deletions", "gone")):
                body = {"handle": f"hidden/{name}/1", "reason": "Wombats."}
                self.admin("POST", f"/api/v1/{state}", json=body)
        self.files(module("05_text_embedding"), "acme/text-embedding/2")
        self.admin("PATCH", "/api/v1/publishers/strange", json={"private": True})
        self.entry("strange/own-encoder/1", "Placeholder", "Encoder of sentences into vectors.")
        for number in range(6):
            words = f"Image classification and text embedding number {number}."
            fields = ("language: de", f"dataset: set{number}", "derived-from: hidden/quokka-encoder/1")
            self.entry(f"acme/model{number}/1", "Placeholder", words, *fields)
            if self.has_private:
                words = "Image of a quokka, text of quokkanet, vectors, vectors."
                self.entry(f"hidden/model{number}/1", "Placeholder", words, "language: en", "dataset: set1")
        members = "\n".join(f"* [it]({handle})" for handle in (*PUBLIC[:3], *PRIVATE[:2], ABSENT[0]))
        self.entry("acme/collection/encoders/1", "Collection", f"Encoders.\n\n{members}")
        if self.has_private:
            self.entry("hidden/collection/marsupials/1", "Collection", f"Marsupials.\n\n{members}")
            origin = "derived-from: acme/text-embedding/1"
            self.entry("hidden/derived/1", "Placeholder", "Made of what is public.", origin)
            promise = {"handle": "hidden/model1/2", "size": 9, "sha256": "0" * 64}
            self.admin("POST", "/api/v1/uploads", json=promise)
        self._measure()
        self.tokens["owner of acme"] = self.new_token("acme", "admin")["secret"]
        self.tokens["owner of a private publisher"] = self.new_token("strange", "admin")["secret"]

        self.tokens["signed in as owner of acme"] = self._sign_in(self.tokens["owner of acme"])

    def _measure(self):
        """Something public is measured by its publisher, and by the private one, which others may not see."""
        self.admin("PUT", "/api/v1/measurements", json={**MEASURED, "dataset": "sentences"})
        if self.has_private:
            by_hidden = {**MEASURED, "publisher": "hidden"}
            self.measured = self.admin("PUT", "/api/v1/measurements", json=by_hidden).json()["id"]
            for dataset in ("quokkas", "sentences"):
                of_hidden = {**MEASURED, "handle": "hidden/quokka-encoder/2", "dataset": dataset}
                self.admin("PUT", "/api/v1/measurements", json=of_hidden)

    def _sign_in(self, token):
        page = self.call("GET", "/login", None)
        fields = {"form_token": re.search(r'name="form_token" value="(\w+)"', page.text)[1], "token": token}
        cookie = Cookies(page.headers["Set-Cookie"].partition(";")[0])
        signed_in = self.call("POST", "/login", cookie, data=fields, headers={"Origin": "http://hub.example"})
        assert signed_in.status_code == 303, signed_in.text
        return Cookies(signed_in.headers["Set-Cookie"].partition(";")[0])

    def _date(self):
        """Gives each version a moment of its own: which ones share a second depends on the machine."""
        settings = self.hub.settings
        database = Database(database_url(settings["TFHUB_SERVER_DATABASE"], self.hub.data))
        with database.writing() as connection:
            query = sa.select(versions.c.id, models.c.handle, versions.c.number).join(models)
            for version_id, handle, number in connection.execute(query).all():
                at = 1_700_000_000 + zlib.crc32(f"{handle}/{number}".encode()) % 10_000_000
                connection.execute(
                    sa.update(versions).where(versions.c.id == version_id).values(published_at=at)
                )
            record_changes(connection, connection.execute(sa.select(models.c.id)).scalars().all())
        database.close()


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)],
    name="compared_hubs",
)
def _compared_hubs(request, tmp_path_factory):
    """The hub with the private publisher, and the one without."""
    with contextlib.ExitStack() as stack:
        databases = ["", ""]
        if request.param == "postgresql":
            server = Postgres().start()
            stack.callback(server.remove)
            databases = [server.new_database(name) for name in ("with", "without")]
        hubs = [
            stack.enter_context(
                HubProcess(
                    tmp_path_factory.mktemp("compared_hub") / "data",
                    TFHUB_SERVER_DATABASE=database,
                    TFHUB_SERVER_PUBLIC_URL="http://hub.example",
                    TFHUB_SERVER_MEASUREMENTS_OF_OTHERS="1",
                    **RUNS_MODELS,
                )
            )
            for database in databases
        ]
        yield [ComparedHub(hubs[0], has_private=True), ComparedHub(hubs[1], has_private=False)]


words = st.sampled_from((*PUBLIC_WORDS, *PRIVATE_WORDS))


@st.composite
def misspelt(draw):
    """A word, perhaps with a typing error, perhaps cut short."""
    word = draw(words)
    at = draw(st.integers(0, len(word) - 2))
    mistakes = [word, word, word[:at] + word[at + 1 :], word[: at + 1] + word[at] + word[at + 1 :]]
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return draw(st.sampled_from([*mistakes, swapped, word[: max(4, at)]]))


@st.composite
def search_query(draw):
    """The parameters of a search."""
    pairs = [("q", " ".join(draw(st.lists(misspelt(), max_size=3))))]
    facets = [
        ("publisher", "hidden"),
        ("publisher", "acme"),
        ("language", "xx"),
        ("language", "en"),
        ("dataset", "set1"),
        ("format", "saved_model_2"),
        ("kind", "collection"),
        ("interface", "float32 -> float32"),
    ]
    pairs += draw(st.lists(st.sampled_from(facets), max_size=2, unique=True))
    pairs += draw(
        st.lists(st.sampled_from([("sort", "newest"), ("page", "2"), ("page_size", "3")]), max_size=1)
    )
    return "?" + urlencode(pairs)


handles = st.one_of(st.sampled_from(names) for names in (PUBLIC, STRANGE, PRIVATE, ABSENT))
unversioned = handles.map(lambda handle: handle.rpartition("/")[0])
any_handle = handles | unversioned
publishers = st.sampled_from(["acme", "strange", "hidden", "HIDDEN", "hiden", "hidde", "quokka"])
forms = st.sampled_from(["tf-hub-format=compressed", "tfjs-format=compressed", "lite-format=tflite"])
parts = st.sampled_from(
    ["files", "text&file=saved_model.pb", "variables", "graph", "signatures", "changes", "nothing"]
)
files = st.sampled_from(["model.json", "default/1/model.json", "1/model.json"])


def change(method, path, **body):
    return st.just((method, path, body))


def get(strategy, prefix="", suffix=""):
    return strategy.map(lambda text: ("GET", f"{prefix}{text}{suffix}", None))


def predictions(path):
    """Requests to run a version, or a model."""
    body = {"instances" if path.endswith(":predict") else "examples": [1.0]}

    def ask(handle):
        model, _, version = handle.rpartition("/")
        return ("POST", path.format(model, version), body)

    return any_handle.map(ask)


def download(handle, form):
    """Downloads of what is public are asked for by HEAD: they are counted, and pages show how many."""
    is_counted = handle.startswith(("acme", "strange"))
    return ("HEAD" if is_counted else "GET", f"/{handle}?{form}", None)


MEASURED = {"handle": "acme/text-embedding/1", "dataset": "quokkas", "metric": "accuracy", "value": 0.5}
PRIVATE_CARD = card("hidden/quokka-encoder/1", "Placeholder")
PROMISE = {"handle": "hidden/quokka-encoder/3", "size": 9, "sha256": "0" * 64}
measured_query = st.sampled_from(
    ["", "task=", "dataset=quokkas", "dataset=sentences", "dataset=sentences&sort=-size", "sort=wombat"]
)
# Route → the requests of it.
REQUESTS = {
    "/healthz": get(st.just("/healthz")),
    "/readyz": get(st.just("/readyz")),
    "/metrics": get(st.just("/metrics")),
    "/": get(st.sampled_from(["/", "/?feed=atom"])),
    "/s": get(search_query(), "/s") | get(search_query(), "/s", "&feed=atom"),
    "/login": get(st.sampled_from(["/login", "/login?next=/hidden/quokka-encoder/1"]))
    | change("POST", "/login", token="tfhub_x"),
    "/login/start": get(st.just("/login/start?next=/hidden")),
    "/login/end": get(st.just("/login/end?code=x&state=y")),
    "/logout": change("POST", "/logout"),
    "/settings": get(st.just("/settings")),
    "/settings/publishers/{publisher}": get(publishers, "/settings/publishers/"),
    "/settings/publishers/{publisher}/audit": get(publishers, "/settings/publishers/", "/audit"),
    "/settings/publishers/{publisher}/profile": get(publishers, "/settings/publishers/", "/profile")
    | change("POST", "/settings/publishers/hidden/profile", title="x"),
    "/settings/publishers/{publisher}/invitations": change(
        "POST", "/settings/publishers/hidden/invitations", role="owner"
    ),
    "/settings/publishers/{publisher}/invitations/{invitation:int}/withdraw": change(
        "POST", "/settings/publishers/hidden/invitations/7/withdraw"
    ),
    "/settings/publishers/{publisher}/members/{user:int}": change(
        "POST", "/settings/publishers/hidden/members/7", role="owner"
    ),
    "/settings/join": get(st.just("/settings/join?code=guessed"))
    | change("POST", "/settings/join", code="x"),
    "/device": get(st.sampled_from(["/device", "/device?code=BCDF-BCDF"]))
    | change("POST", "/device", code="BCDF-BCDF", answer="allow"),
    "/settings/tokens": get(st.just("/settings/tokens"))
    | change("POST", "/settings/tokens", name="x", scope="read", publisher="hidden"),
    "/settings/tokens/{token:int}/revoke": change("POST", "/settings/tokens/TOKEN/revoke"),
    "/settings/publishers/{publisher}/webhooks": get(publishers, "/settings/publishers/", "/webhooks"),
    "/settings/mail": get(st.just("/settings/mail"))
    | change("POST", "/settings/mail", publisher="hidden", address="eve@example.com", card="on"),
    "/settings/mail/off": change("POST", "/settings/mail/off", publisher="hidden"),
    "/settings/mail/confirm": get(st.just("/settings/mail/confirm?code=guessed"))
    | change("POST", "/settings/mail/confirm", code="guessed"),
    "/settings/mail/stop": get(st.just("/settings/mail/stop?code=guessed"))
    | change("POST", "/settings/mail/stop?code=guessed"),
    "/settings/webhooks": get(st.just("/settings/webhooks"))
    | change("POST", "/settings/webhooks", url="https://9.9.9.9/", publisher="hidden"),
    "/settings/webhooks/{webhook:int}": get(st.just("/settings/webhooks/HOOK"))
    | change("POST", "/settings/webhooks/HOOK", to="off"),
    "/settings/webhooks/{webhook:int}/events": change("POST", "/settings/webhooks/HOOK/events", card="on"),
    "/settings/webhooks/{webhook:int}/test": change("POST", "/settings/webhooks/HOOK/test"),
    "/settings/webhooks/{webhook:int}/deliveries/{delivery}/again": change(
        "POST", "/settings/webhooks/HOOK/deliveries/MESSAGE/again"
    ),
    "/settings/measurements": get(st.just("/settings/measurements")),
    "/settings/measurements/{measurement:int}": get(st.just("/settings/measurements/MEASURED"))
    | change("POST", "/settings/measurements/MEASURED", value="1"),
    "/settings/measurements/{measurement:int}/remove": change(
        "POST", "/settings/measurements/MEASURED/remove"
    ),
    "/settings/sessions/{session:int}/end": change("POST", "/settings/sessions/123456789/end"),
    "/help": get(st.just("/help")),
    "/help/api": get(st.just("/help/api")),
    "/static/{name}": get(st.just("/static/hidden.css")),
    "/favicon.ico": get(st.just("/favicon.ico")),
    "/robots.txt": get(st.just("/robots.txt")),
    "/sitemap.xml": get(st.sampled_from(["/sitemap.xml", "/sitemap.xml?page=1", "/sitemap.xml?page=2"])),
    "/{path:path}": st.one_of(
        get(any_handle, "/"),
        get(publishers, "/"),
        get(publishers | unversioned, "/", "?feed=atom"),
        st.builds(lambda handle, part: ("GET", f"/{handle}?inside={part}", None), any_handle, parts),
        get(any_handle, "/", "?badge=svg") | get(any_handle, "/", "?cite=bibtex"),
        get(any_handle, "/", "?notebook=ipynb") | get(any_handle, "/", "?sbom=cyclonedx"),
        get(any_handle, "/", f"?picture={'0' * 64}"),
        st.builds(download, any_handle, forms),
        st.builds(lambda handle, file: download(f"{handle}/{file}", "tfjs-format=file"), any_handle, files),
        any_handle.map(lambda handle: ("OPTIONS", f"/{handle}", None)),
    ),
    "/api/v1/search": get(search_query(), "/api/v1/search"),
    "/api/v1/similar/{handle:path}": get(any_handle, "/api/v1/similar/"),
    "/api/v1/downloads/{handle:path}": get(any_handle, "/api/v1/downloads/"),
    "/api/v1/models/{handle:path}": get(any_handle, "/api/v1/models/"),
    "/api/v1/files/{handle:path}": get(any_handle, "/api/v1/files/"),
    "/api/v1/texts/{handle:path}": get(any_handle, "/api/v1/texts/", "?file=saved_model.pb"),
    "/api/v1/variables/{handle:path}": get(any_handle, "/api/v1/variables/"),
    "/api/v1/graphs/{handle:path}": get(any_handle, "/api/v1/graphs/"),
    "/api/v1/differences/{handle:path}": get(any_handle, "/api/v1/differences/"),
    "/{handle:path}:predict": predictions("/{}/{}:predict"),
    "/v1/models/{handle:path}:predict": predictions("/v1/models/{}:predict"),
    "/v1/models/{handle:path}/versions/{version:int}:predict": predictions(
        "/v1/models/{}/versions/{}:predict"
    ),
    **{
        f"/v1/models/{{handle:path}}{version}:{verb}": predictions(f"/v1/models/{{}}{place}:{verb}")
        for version, place in (("", ""), ("/versions/{version:int}", "/versions/{}"))
        for verb in ("classify", "regress")
    },
    "/{handle:path}:try": get(any_handle, "/", ":try")
    | any_handle.map(lambda handle: ("POST", f"/{handle}:try", {"input_0": "1.0"})),
    "/v1/models/{handle:path}": get(unversioned, "/v1/models/")
    | get(unversioned, "/v1/models/", "/labels/stable"),
    "/v1/models/{handle:path}/metadata": get(unversioned, "/v1/models/", "/metadata"),
    "/v1/models/{handle:path}/versions/{version:int}": get(unversioned, "/v1/models/", "/versions/1"),
    "/v1/models/{handle:path}/versions/{version:int}/metadata": get(
        unversioned, "/v1/models/", "/versions/2/metadata"
    ),
    "/api/v1/signatures/{handle:path}": get(any_handle, "/api/v1/signatures/"),
    "/api/v1/signatures": change(
        "POST", "/api/v1/signatures", handle="hidden/quokka-encoder/1", envelope="{}"
    ),
    "/api/v1/publishers/{publisher}/keys": get(publishers, "/api/v1/publishers/", "/keys")
    | change("POST", "/api/v1/publishers/hidden/keys", public_key="ed25519:x"),
    "/api/v1/publishers/{publisher}/keys/{key}": change("DELETE", "/api/v1/publishers/hidden/keys/0123"),
    "/api/v1/publishers": get(st.just("/api/v1/publishers")),
    "/api/v1/publishers/{publisher}": get(publishers, "/api/v1/publishers/")
    | change("PATCH", "/api/v1/publishers/hidden", title="Mine"),
    "/api/v1/publishers/{publisher}/members": get(publishers, "/api/v1/publishers/", "/members"),
    "/api/v1/publishers/{publisher}/members/{user:int}": change(
        "PATCH", "/api/v1/publishers/hidden/members/7", role="owner"
    )
    | change("DELETE", "/api/v1/publishers/hidden/members/7"),
    "/api/v1/publishers/{publisher}/invitations": change(
        "POST", "/api/v1/publishers/hidden/invitations", role="owner"
    ),
    "/api/v1/publishers/{publisher}/invitations/{invitation:int}": change(
        "DELETE", "/api/v1/publishers/hidden/invitations/7"
    ),
    "/api/v1/device-logins": change("POST", "/api/v1/device-logins", name="x"),
    "/api/v1/device-tokens": change("POST", "/api/v1/device-tokens", device_code="guessed"),
    "/api/v1/openapi.json": get(st.just("/api/v1/openapi.json")),
    "/api/v1/uploads": change("POST", "/api/v1/uploads", **PROMISE),
    "/api/v1/uploads/{upload}": st.sampled_from(["GET", "PATCH", "DELETE"]).map(
        lambda method: (method, "/api/v1/uploads/UPLOAD", None)
    ),
    "/api/v1/uploads/{upload}/publish": change("POST", "/api/v1/uploads/UPLOAD/publish"),
    "/api/v1/cards": change("PUT", "/api/v1/cards", handle="hidden/quokka-encoder/1", card=PRIVATE_CARD),
    "/s/measured": get(measured_query, "/s/measured?"),
    "/api/v1/measured": get(measured_query, "/api/v1/measured?"),
    "/api/v1/measurements": st.builds(
        lambda handle, publisher: (
            "PUT",
            "/api/v1/measurements",
            {**MEASURED, "handle": handle, **publisher},
        ),
        st.sampled_from((*PRIVATE, *ABSENT)),
        st.sampled_from([{}, {"publisher": "acme"}, {"publisher": "hidden"}, {"publisher": "strange"}]),
    ),
    "/api/v1/measurements/{measurement:int}": change("DELETE", "/api/v1/measurements/MEASURED"),
    "/api/v1/pictures/{handle:path}": change("PUT", "/api/v1/pictures/hidden/quokka-encoder/1?path=x.png"),
    "/api/v1/withdrawals": change("POST", "/api/v1/withdrawals", handle="hidden/quokka-encoder/1"),
    "/api/v1/restorations": change("POST", "/api/v1/restorations", handle="hidden/withdrawn/1"),
    "/api/v1/deletions": change("POST", "/api/v1/deletions", handle="hidden/quokka-encoder/1"),
    "/api/v1/tokens": get(publishers, "/api/v1/tokens?publisher=")
    | get(st.just("/api/v1/tokens"))
    | change("POST", "/api/v1/tokens", name="x", scope="read", publisher="hidden"),
    "/api/v1/tokens/self": get(st.just("/api/v1/tokens/self")),
    "/api/v1/tokens/{token:int}": change("DELETE", "/api/v1/tokens/TOKEN"),
    "/api/v1/webhooks": get(publishers, "/api/v1/webhooks?publisher=")
    | get(st.just("/api/v1/webhooks"))
    | change("POST", "/api/v1/webhooks", url="https://9.9.9.9/", publisher="hidden"),
    "/api/v1/webhooks/{webhook:int}": change("PATCH", "/api/v1/webhooks/HOOK", active=False)
    | change("DELETE", "/api/v1/webhooks/HOOK"),
    "/api/v1/webhooks/{webhook:int}/deliveries": get(st.just("/api/v1/webhooks/HOOK/deliveries")),
    "/api/v1/webhooks/{webhook:int}/tests": change("POST", "/api/v1/webhooks/HOOK/tests"),
    "/api/v1/webhooks/{webhook:int}/deliveries/{delivery}/again": change(
        "POST", "/api/v1/webhooks/HOOK/deliveries/MESSAGE/again"
    ),
    "/api/v1/mail": get(st.just("/api/v1/mail")),
    "/api/v1/mail/{publisher}": change("PATCH", "/api/v1/mail/hidden", events=["card"])
    | change("DELETE", "/api/v1/mail/hidden"),
    "/api/v1/audit": get(publishers, "/api/v1/audit?publisher=") | get(st.just("/api/v1/audit")),
    "/api/{path:path}": get(st.just("/api/hidden/quokka-encoder")),
}
# Half of all requests look for words.
asked = st.one_of(
    REQUESTS["/s"], REQUESTS["/api/v1/search"], REQUESTS["/{path:path}"], st.one_of(*REQUESTS.values())
)
accepts = st.sampled_from(["text/html", "application/json", "*/*"])
# What differs from request to request, whoever asks.
_MOMENTS = re.compile(
    r"-\d{10}</id>|"  # of an entry of a feed
    r'"device_code":"[^"]*"|[B-Z]{4}-[B-Z]{4}|'
    r'name="form_token" value="\w+"|/tokens/\d{9}/|(?<=>)never(?=<)|"used_at":null|'
    r'"used_at":"[^"]*"|\d{4}-\d\d-\d\d([T ][\d:]+Z?)?|"took_ms":[\d.]+|"id":\d{9}|'
    r"\b\d{1,2} [A-Z][a-z]+ 20\d\d\b"
)

# The digest of a page is that of its dates too.
_OF_THE_MOMENT = {"date", "x-request-id", "etag", "content-length", "connection", "set-cookie"}


def answer_of(compared_hub, numbers, caller, ask, accept):
    method, path, body = ask
    for name, number in numbers.items():
        path = path.replace(name, number)
    is_of_api = path.startswith("/api/") or path.endswith((":predict", ":classify", ":regress"))
    options = {} if body is None else {"json" if is_of_api else "data": body}
    headers = {"Accept": accept, "Upload-Offset": "0"}
    token = compared_hub.tokens[caller]
    answer = compared_hub.call(method, quote(path, safe="/?&=%+"), token, headers=headers, **options)
    kept = {name: value for name, value in answer.headers.items() if name not in _OF_THE_MOMENT}
    return answer.status_code, kept, _MOMENTS.sub("…", answer.text)


def test_every_answer_is_the_same_without_what_is_private(compared_hubs):
    with_private, without = compared_hubs
    upload = with_private.admin("POST", "/api/v1/uploads", json=PROMISE).json()["id"]
    wanted = {"url": "https://9.9.9.9/", "publisher": "hidden"}
    hook = str(with_private.admin("POST", "/api/v1/webhooks", json=wanted).json()["id"])
    message = with_private.admin("POST", f"/api/v1/webhooks/{hook}/tests").json()["id"]
    numbers = {
        "UPLOAD": upload,
        "TOKEN": str(with_private.private_token["id"]),
        "HOOK": hook,
        "MESSAGE": message,
        "MEASURED": str(with_private.measured),
    }

    @settings(max_examples=400)
    @given(st.sampled_from(CALLERS), asked, accepts)
    def same(caller, ask, accept):
        one, other = (
            answer_of(compared_hub, numbers, caller, ask, accept) for compared_hub in (with_private, without)
        )
        assert one == other

    same()
    # The private things were there all the while, and their owner finds them.
    owner = with_private.private_token["secret"]
    found = with_private.call("GET", "/api/v1/search?q=quokka", owner).json()
    assert {"hidden/quokka-encoder", "hidden/model1"} <= {result["model"] for result in found["results"]}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("mistyped", ["platypuss", "marsupal", "echid", "quokanet"])
def test_no_word_is_corrected_to_a_private_one(compared_hubs, mistyped, caller):
    answers = [
        compared_hub.call("GET", f"/api/v1/search?q={mistyped}", compared_hub.tokens[caller]).json()
        for compared_hub in compared_hubs
    ]
    assert [answer["corrected"] for answer in answers] == [None, None]


def test_requests_of_every_route_are_made():
    paths = {getattr(route, "path", "") for route in ROUTES}
    assert paths == set(REQUESTS)
