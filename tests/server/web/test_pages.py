"""The pages as HTML: what they show and the headers they carry. How they look and behave: test_browser.py."""

from __future__ import annotations

import re

import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import put_card, withdraw

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub with a model in two versions, a deployment of it, a collection and a hostile card."""
    with HubProcess(tmp_path_factory.mktemp("pages") / "data") as hub:
        for version in (1, 2):
            text = card(f"acme/words/{version}")
            publish(module(), card=text, hub=hub.url, token=hub.token)
        text = "# Collection acme/collection/all/1\n\nAll of acme.\n\n* [words](https://tfhub.dev/acme/words/1)\n"
        put_card("acme/collection/all/1", text, hub=hub.url, token=hub.token)
        yield hub


def get(hub, path, **headers):
    return requests.get(hub.url + path, headers={**HTML, **headers}, timeout=30, allow_redirects=False)


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


def test_pages_are_revalidated_and_compressed(hub):
    answer = get(hub, "/acme/words/2")
    assert answer.headers["Content-Encoding"] == "gzip"
    again = get(hub, "/acme/words/2", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Encoding" not in get(hub, "/acme/words/2", **{"Accept-Encoding": "identity"}).headers


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
    assert '<a href="/acme/words/2">acme/words</a>' in page


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
