"""The pages as HTML: what they show and the headers they carry. How they look and behave: test_browser.py."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete, put_card, withdraw
from tensorflow_hub.server.web.pages import install_command

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub with a model in two versions, a deployment of it, a collection and a hostile card."""
    with HubProcess(tmp_path_factory.mktemp("pages") / "data") as hub:
        for version in (1, 2):
            text = card(f"acme/words/{version}")
            publish(module(), card=text, hub=hub.url, token=hub.token)
        large = card("acme/large/1")  # its index is long enough to be compressed
        publish(module("05_text_embedding"), card=large, hub=hub.url, token=hub.token)
        text = "# Collection acme/collection/all/1\n\nAll of acme.\n\n* [words](https://tfhub.dev/acme/words/1)\n"
        put_card("acme/collection/all/1", text, hub=hub.url, token=hub.token)
        yield hub


def get(hub, path, **headers):
    return requests.get(hub.url + path, headers={**HTML, **headers}, timeout=30, allow_redirects=False)


def test_the_help_page_installs_what_can_be_had():
    assert install_command("1.0.0") == "pip install 'tensorflow-hub[tensorflow]'"
    unreleased = install_command("1.0.0.dev0")
    assert unreleased == "pip install './tensorflow_hub-1.0.0.dev0-py3-none-any.whl[tensorflow]'"


@pytest.mark.parametrize("path", ["/", "/s", "/s?q=words", "/help", "/help/api", "/acme", "/acme/words/2"])
def test_every_page_has_a_strict_policy_a_title_and_landmarks(hub, path):
    answer = get(hub, path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'")
    assert "unsafe" not in policy
    assert re.search(r"<title>[^<]+</title>", answer.text)
    assert answer.text.count("<main ") == answer.text.count("<h1") == 1
    assert " style=" not in answer.text
    assert not re.search(r"<script(?! src=)", answer.text)
    loaded = re.findall(r'<(?:link|script|img)[^>]*(?:src|href)="([^"]*)"', answer.text)
    assert loaded
    assert all(url.startswith("/static/") for url in loaded)


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/acme/words/2", "text/html"),
        ("/acme/words/2", "application/json"),
        ("/api/v1/openapi.json", "*/*"),
        ("/api/v1/search", "*/*"),
        ("/static/style.css", "*/*"),
        ("/acme/large/1?tf-hub-format=compressed", "application/vnd.tensorflow-hub.index+json"),
    ],
)
def test_texts_are_compressed_for_who_takes_that(hub, path, accept):
    plain = get(hub, path, Accept=accept, **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    for accepted, encoding in (("gzip", "gzip"), ("gzip, deflate, br", "br"), ("br;q=0, gzip;q=0.5", "gzip")):
        headers = {"Accept": accept, "Accept-Encoding": accepted}
        answer = requests.get(hub.url + path, headers=headers, timeout=60, stream=True)
        packed = answer.raw.read(decode_content=False)
        assert answer.headers["Content-Encoding"] == encoding
        assert answer.headers["Content-Length"] == str(len(packed))
        unpacked = gzip.decompress(packed) if encoding == "gzip" else brotli.decompress(packed)
        assert len(packed) < len(unpacked)
        if "took_ms" not in plain.text:
            assert unpacked == plain.content
            head = requests.head(hub.url + path, headers=headers, timeout=60)
            assert head.headers["Content-Length"] == str(len(packed))
        if "ETag" in plain.headers:
            assert answer.headers["ETag"] == f"W/{plain.headers['ETag'].removeprefix('W/')}"
            again = get(hub, path, **headers, **{"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert "Accept-Encoding" in again.headers["Vary"], "caches take this over"


def test_archives_and_what_must_not_be_stored_are_not_compressed(hub):
    archive = get(hub, "/acme/words/2?tf-hub-format=compressed")
    assert "Content-Encoding" not in archive.headers
    token = {"Authorization": f"Bearer {hub.token}"}
    for _ in range(10):
        body = {"name": "n" * 90, "scope": "read", "publisher": None}
        requests.post(f"{hub.url}/api/v1/tokens", json=body, headers=token, timeout=60).raise_for_status()
    secrets = get(hub, "/api/v1/tokens", **token)
    assert len(secrets.content) > 1000
    assert "Content-Encoding" not in secrets.headers


def test_the_page_of_a_version(hub):
    page = get(hub, "/acme/words/2").text
    assert f"hub.load(&#34;{hub.url}/acme/words/2&#34;)" in page
    assert "tf-hub-format=compressed" in page
    assert "sha256:" in page
    assert "Version 1" in page
    assert "None reaches outside the graph" in page


def test_an_old_version_leads_to_the_newest(hub):
    assert "There is a newer version" in get(hub, "/acme/words/1").text


def test_a_collection_lists_its_models(hub):
    page = get(hub, "/acme/collection/all/1").text
    assert '<a href="/acme/words/2">acme/<wbr>words</a>' in page


def test_results_show_facets_and_keep_the_question(hub):
    page = get(hub, "/s?q=words&publisher=acme").text
    assert 'value="words"' in page
    assert "Chosen filters" in page
    assert '<a href="/acme/words/2">' in page
    assert "There is no page 7" in get(hub, "/s?q=words&page=7").text
    assert "Nothing matches" in get(hub, "/s?q=qqqqqqqq").text


def test_a_question_that_cannot_be_read_is_explained(hub):
    answer = get(hub, "/s?q=words&interface=what+-%3E+-%3E")
    assert answer.status_code == 422
    assert "Expected an interface such as" in answer.text


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='x"]
)
def test_questions_and_names_are_escaped(hub, text):
    for path in ("/s", "/s?sort=newest", f"/acme/{requests.utils.quote(text)}"):
        page = requests.get(hub.url + path, params={"q": text}, headers=HTML, timeout=30).text
        assert text not in page


def test_nothing_there_suggests_what_was_meant(hub):
    answer = get(hub, "/acme/wordz/1")
    assert answer.status_code == 404
    assert '<a href="/acme/words">acme/words</a>' in answer.text


def test_a_withdrawn_version_says_so(hub):
    publish(module(), card=card("acme/old/1"), hub=hub.url, token=hub.token)
    withdraw("acme/old/1", "It was wrong.", hub=hub.url, token=hub.token)
    page = get(hub, "/acme/old/1").text
    assert "Withdrawn." in page
    assert "It was wrong." in page
    assert "acme/old" not in get(hub, "/s?q=old").text


def test_a_deleted_version_says_why_and_names_others(hub):
    to = {"hub": hub.url, "token": hub.token}
    for version in (1, 2):
        publish(module(), card=card(f"acme/gone/{version}"), **to)
    delete("acme/gone/2", "It held personal data.", **to)
    answer = get(hub, "/acme/gone/2")
    assert answer.status_code == 410
    assert "was deleted: It held personal data.<" in answer.text
    assert '<a href="/acme/gone/1">acme/gone/1</a>' in answer.text


def test_static_files_are_kept_for_ever_under_their_digest(hub):
    url = re.search(r'href="(/static/style\.css\?v=\w+)"', get(hub, "/").text)[1]
    answer = get(hub, url)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" not in get(hub, "/static/style.css").headers["Cache-Control"]
    assert get(hub, "/static/nothing.css").status_code == 404
    assert get(hub, "/static/..%2frendering.py").status_code == 404


def test_the_api_has_what_the_pages_have(hub):
    answer = requests.get(f"{hub.url}/api/v1/search", params={"q": "words"}, timeout=30).json()
    first = answer["results"][0]
    assert {"handle", "version", "url", "task", "format", "description"} <= set(first)
    assert (first["model"], first["version"]) == ("acme/words", 2)
    assert first["signatures"]
    assert answer["facets"]["publisher"] == [{"value": "acme", "label": "acme", "count": answer["total"]}]
    typed = requests.get(
        f"{hub.url}/api/v1/search",
        params={"interface": "float32 -> float32", "trainable": "true"},
        timeout=30,
    ).json()
    assert "acme/words" in [result["model"] for result in typed["results"]]
    similar = requests.get(f"{hub.url}/api/v1/similar/acme/words", timeout=30).json()
    assert all(result["model"] != "acme/words" for result in similar["results"])
    assert requests.get(f"{hub.url}/api/v1/downloads/acme/words", timeout=30).json()["model"] == "acme/words"
    wrong = requests.get(f"{hub.url}/api/v1/search", params={"page": "zero"}, timeout=30)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "malformed")
