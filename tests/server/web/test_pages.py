"""The pages as HTML: what they show and the headers they carry. How they look and behave: test_browser.py."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
import requests
from catalogues import open_catalogue, put_entry
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE
from tfjs_models import write_graph_model

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete, put_card, withdraw
from tensorflow_hub.server.administration.documents_import import import_documents
from tensorflow_hub.server.catalogue.records import Deployment, Model, Version
from tensorflow_hub.server.web.help_page import install_command
from tensorflow_hub.server.web.property_groups import trust
from tensorflow_hub.server.web.rendering import show_size
from tensorflow_hub.server.web.signature_tables import signature_tables

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
    return requests.get(hub.url + path, headers={**HTML, **headers}, timeout=PATIENCE, allow_redirects=False)


def test_the_help_page_installs_what_can_be_had():
    assert install_command("1.0.0") == "pip install 'tensorflow-hub[tensorflow]'"
    assert install_command("1.0.0.dev0") == "pip install '.[tensorflow]'", "in a clone of the source"


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
    loaded = re.findall(
        r'<(?!link rel="(?:alternate|canonical)")(?:link|script|img)[^>]*(?:src|href)="([^"]*)"', answer.text
    )
    assert loaded
    assert all(url.startswith("/static/") or url.endswith("?badge=svg") for url in loaded)


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
        answer = requests.get(hub.url + path, headers=headers, timeout=PATIENCE, stream=True)
        packed = answer.raw.read(decode_content=False)
        assert answer.headers["Content-Encoding"] == encoding
        assert answer.headers["Content-Length"] == str(len(packed))
        unpacked = gzip.decompress(packed) if encoding == "gzip" else brotli.decompress(packed)
        assert len(packed) < len(unpacked)
        if "took_ms" not in plain.text:
            assert unpacked == plain.content
            head = requests.head(hub.url + path, headers=headers, timeout=PATIENCE)
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
        requests.post(
            f"{hub.url}/api/v1/tokens", json=body, headers=token, timeout=PATIENCE
        ).raise_for_status()
    # A browser keeps the password of a private feed, and sends it when another site asks.
    page = requests.get(f"{hub.url}/s?q=words", auth=("me", hub.token), headers=HTML, timeout=PATIENCE)
    assert len(page.content) > 1000
    assert "Content-Encoding" not in page.headers
    secrets = get(hub, "/api/v1/tokens", **token)
    assert len(secrets.content) > 1000
    assert "Content-Encoding" not in secrets.headers


def test_the_page_of_a_version(hub):
    page = get(hub, "/acme/words/2").text
    assert f'hub.load(<span class="s">&quot;{hub.url}/acme/words/2&quot;</span>)' in page
    assert "tf-hub-format=compressed" in page
    assert "sha256:" in page
    assert "Version 1" in page
    assert "None has access outside the graph" in page
    assert "token “" not in page, "whose token published it is the publisher's business"


def test_each_deployment_has_its_own_tables_sizes_and_digests(hub, tmp_path):
    to = {"hub": hub.url, "token": hub.token}
    publish(module(), card=card("acme/forms/1"), **to)
    publish(write_graph_model(tmp_path / "js"), card=card("acme/forms/1"), deployment="tfjs", **to)
    page = get(hub, "/acme/forms/1").text
    tables = page.partition('id="signatures"')[2].partition("</section>")[0]
    assert re.findall(r"<h[34]>(?:<code>)?([^<]+)", tables) == ["SavedModel", "default", "TF.js", "default"]
    facts = [re.sub(r"<[^>]+>", " ", fact).split() for fact in re.findall(r"<dt>.*?</dd>", page)]
    sizes = {" ".join(fact) for fact in facts if fact[0] == "Size"}
    deployments = requests.get(f"{hub.url}/api/v1/models/acme/forms/1", timeout=PATIENCE).json()[
        "deployments"
    ]
    assert sizes == {f"Size {show_size(d['size'])} in {d['files']} files" for d in deployments}
    assert ["Ops", "(TF.js)", "Not", "checked", "for", "this", "format"] in facts
    assert f"Size {show_size(sum(d['size'] for d in deployments))}" not in page
    listed = requests.get(f"{hub.url}/api/v1/search", params={"q": "forms"}, timeout=PATIENCE).json()[
        "results"
    ][0]
    assert listed["size"] == deployments[0]["size"]


def test_arguments_stand_in_the_order_in_which_they_are_passed():
    tensor = {"dtype": "float32", "shape": [None], "kind": "dense"}
    arguments = [{**tensor, "dtype": "string"}, {"b": tensor, "a": tensor}]
    trace = {"arguments": arguments, "keywords": {}, "result": tensor}
    deployment = Deployment(
        "saved_model", "", 0, "", 0, 0, {"functions": [{"name": "f", "traces": [trace]}]}, 0
    )
    [table] = signature_tables(deployment)
    assert [(row.name, row.type) for row in table.rows if row.side == "input"] == [
        ("", "string[?]"),
        ("b", "float32[?]"),
        ("a", "float32[?]"),
    ]


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ({"ops": ["MatMul"]}, "None has access outside the graph"),
        ({"ops": ["MatMul", "Mine"], "custom_ops": ["Mine"]}, "Not checked: Mine"),
        ({}, "Not checked"),
        ({"ops": ["ReadFile"], "unsafe_ops": {"ReadFile": "reads files"}}, "ReadFile reads files"),
    ],
)
def test_what_ops_may_do_is_said_only_of_those_that_were_checked(description, text):
    model = Model(1, "acme", False, "words", "acme/words", "module", 1, 0, 0, 0)
    version = Version(1, model, 1, "visible", "", None, 0, "")
    deployment = Deployment("saved_model", "", 0, "sha256:0", 0, 0, description, 0)
    [shown] = [line for line in trust(version, {}, [deployment], []) if line.label == "Ops"]
    assert shown.text.endswith(text)
    assert (shown.tone == "good") == (description.get("ops") == ["MatMul"])


def test_names_of_tokens_are_for_the_people_of_a_publisher(hub):
    url = f"{hub.url}/acme/words/2"
    headers = {"Accept": "application/json"}
    assert requests.get(url, headers=headers, timeout=PATIENCE).json()["published_by"] == ""
    headers["Authorization"] = f"Bearer {hub.token}"
    assert (
        requests.get(url, headers=headers, timeout=PATIENCE).json()["published_by"] == "first administrator"
    )


def test_an_old_version_links_to_the_latest_version(hub):
    assert "There is a newer version" in get(hub, "/acme/words/1").text


def test_a_collection_lists_its_models(hub):
    page = get(hub, "/acme/collection/all/1").text
    assert '<a href="/acme/words/2">acme/<wbr>words</a>' in page


def test_a_collection_counts_links_to_the_hubs_own_url(hub):
    text = f"# Collection acme/collection/own/1\n\nSome of acme.\n\n* [words]({hub.url}/acme/words/2)\n"
    put_card("acme/collection/own/1", text, hub=hub.url, token=hub.token)
    assert '<a href="/acme/words/2">acme/<wbr>words</a>' in get(hub, "/acme/collection/own/1").text


@pytest.mark.parametrize(
    "link",
    [
        "[words](/acme/words)",
        "[words](https://tfhub.dev/acme/words/1 'The words')",
        "[words](https://tfhub.dev/acme/words/1?tf-hub-format=compressed)",
        "[words]({hub}/acme/words/2/#use)",
        "<{hub}/acme/words/1>",
        "[words][1]\n\n[1]: {hub}/acme/words",
        '<a href="{hub}/acme/words">words</a>',
    ],
)
def test_a_collection_counts_each_kind_of_link_of_markdown(hub, link):
    text = f"# Collection acme/collection/some/1\n\nSome.\n\n* {link.format(hub=hub.url)}\n"
    put_card("acme/collection/some/1", text, hub=hub.url, token=hub.token)
    assert '<a href="/acme/words/2">acme/<wbr>words</a>' in get(hub, "/acme/collection/some/1").text


def test_a_collection_counts_no_links_to_other_places(hub):
    links = "* [words](https://hub.example/acme/words/2) `(/acme/words)`"
    text = f"# Collection acme/collection/none/1\n\nNone.\n\n{links}\n"
    put_card("acme/collection/none/1", text, hub=hub.url, token=hub.token)
    assert '<h2 id="members">' not in get(hub, "/acme/collection/none/1").text


def test_a_publisher_and_the_first_page_show_all_there_is(tmp_path):
    database = open_catalogue(tmp_path / "data")
    for number in range(47):
        put_entry(database, f"p{number}/model/1")
        put_entry(database, f"p0/more{number}/1", task=[f"image-task-{number % 17}"])
    database.close()
    with HubProcess(tmp_path / "data") as hub:
        home = get(hub, "/").text
        assert all(f'href="/p{number}"' in home for number in range(47))
        shown = []
        for page in (1, 2, 3):
            shown += re.findall(r'<h3><a href="([^"]+)"', get(hub, f"/p0?page={page}").text)
        assert len(shown) == len(set(shown)) == 48
        assert get(hub, "/p0?page=4").status_code == 404
        assert 'href="/s?publisher=p0&amp;all_of=task"' in get(hub, "/p0").text
        assert 'aria-label="Filters"' in get(hub, "/p0").text
        assert 'aria-label="Filters"' not in get(hub, "/p1").text, "all models of p1 have the same"
        assert "All values of" not in get(hub, "/p1").text
        few = get(hub, "/s").text
        assert few.count("publisher=p") == 15
        assert "All values of publisher" in few
        assert get(hub, "/s?all_of=publisher").text.count("publisher=p") == 47


def test_nothing_found_leads_to_questions_with_answers(hub):
    page = get(hub, "/s?q=words&publisher=acme&language=de").text
    assert "No models match this search" in page
    assert '<a href="/s?q=words&amp;publisher=acme">without “German”</a>' in page


def test_where_nothing_is_near_the_commonest_tasks_are_offered(hub):
    page = get(hub, "/s?q=qqqqqqqq").text
    assert re.search(
        r'<a class="chip" href="/s\?task=text-embedding">Text embedding <span class="quiet">\d+<', page
    )
    assert "of one of these tasks" not in get(hub, "/s?q=words&publisher=acme&language=de").text


def test_an_interface_that_no_model_has_leads_to_those_of_other_shapes(hub):
    page = get(hub, "/s?interface=float32%5B7%2C9%5D+-%3E+float32").text
    assert "No models match this search" in page
    assert re.search(r'<a href="/s\?interface=float32\+-%3E\+float32">[^<]*of any shape</a> \(\d+\)', page)


def test_long_cards_have_contents_and_cut_ones_say_so(hub):
    sections = "".join(f"\n## Part {n} & <b>more</b>\n\nText.\n" for n in range(5))
    text = card("acme/long/1", "Placeholder") + sections
    put_card("acme/long/1", text, hub=hub.url, token=hub.token)
    page = get(hub, "/acme/long/1").text
    contents = page.partition("<summary>Contents</summary>")[2].partition("</details>")[0]
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', contents)
    assert links[-1][1] == "Part 4 &amp; more"
    assert all(f'id="{name}"' in page for name, _ in links)
    assert "too long to be shown completely" not in page
    assert "<summary>Contents</summary>" not in get(hub, "/acme/words/2").text
    put_card("acme/long/1", text + "word " * 25_000, hub=hub.url, token=hub.token)
    cut = get(hub, "/acme/long/1").text
    assert "too long to be shown completely" in cut
    assert '<a href="/api/v1/models/acme/long/1">the JSON of this version</a>' in cut
    whole = requests.get(f"{hub.url}/api/v1/models/acme/long/1", timeout=PATIENCE).json()["card"]
    assert whole.rstrip().endswith("word")


def test_results_show_licence_and_date(hub):
    publish(module(), card=card("acme/free/1", "Module", "license: mit"), hub=hub.url, token=hub.token)
    page = get(hub, "/s?q=free").text
    assert "<li>MIT</li>" in page
    assert re.search(r"<li>\d+ \w+ 20\d\d</li>", page)


def test_the_order_by_date_says_where_models_without_one_stand(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "1.md").write_text("# Module acme/old/1\nFrom tfhub.dev.\n\n<!-- task: other -->\n")
    database = open_catalogue(tmp_path / "data")
    import_documents(database, tmp_path / "docs")
    database.close()
    with HubProcess(tmp_path / "data") as hub:
        assert "Models whose date is not known come last." in get(hub, "/s?sort=newest").text
        assert "date is not known" not in get(hub, "/s").text
        assert "<dt>Published</dt><dd>date not known</dd>" in get(hub, "/acme/old/1").text


def test_results_show_facets_and_keep_the_question(hub):
    page = get(hub, "/s?q=words&publisher=acme").text
    assert 'value="words"' in page
    assert "Chosen filters" in page
    assert '<a href="/acme/words/2">' in page
    assert "There is no page 7" in get(hub, "/s?q=words&page=7").text
    assert "No models match this search" in get(hub, "/s?q=qqqqqqqq").text


def test_a_question_that_cannot_be_read_is_explained(hub):
    answer = get(hub, "/s?q=words&interface=what+-%3E+-%3E")
    assert answer.status_code == 400
    assert "Expected an interface such as" in answer.text
    mistyped = get(hub, "/s?q=words&publisher=acme&interface=strng+float32[4]")
    assert mistyped.status_code == 400
    assert 'value="strng float32[4]"' in mistyped.text, "it stays in its box"
    assert "Chosen filters" in mistyped.text
    assert '<a href="/acme/words/2">' in mistyped.text


def test_an_interface_without_an_arrow_stays_in_its_box(hub):
    answer = get(hub, "/s?q=words&publisher=acme&interface=strng")
    assert answer.status_code == 400
    assert "Expected an interface such as &#39;string -&gt; float32[512]&#39;" in answer.text
    assert 'name="interface" value="strng"' in answer.text
    assert 'type="hidden" name="interface"' not in answer.text
    assert '<a href="/acme/words/2">' in answer.text
    unknown = get(hub, "/s?q=words&publisher=acme&interface=string+%3D%3E+x")
    assert unknown.status_code == 400
    assert "&#39;x&#39; is no dtype" in unknown.text
    assert 'name="interface" value="string =&gt; x"' in unknown.text
    assert '<a href="/acme/words/2">' in unknown.text
    named = get(hub, "/s?interface=text-embedding")
    assert named.status_code == 200
    assert "Chosen filters" in named.text


def test_a_page_ignores_parameters_that_others_add_to_links(hub):
    assert get(hub, "/s?q=words&utm_source=mail").status_code == 200


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='x"]
)
def test_questions_and_names_are_escaped(hub, text):
    for path in ("/s", "/s?sort=newest", f"/acme/{requests.utils.quote(text)}"):
        page = requests.get(hub.url + path, params={"q": text}, headers=HTML, timeout=PATIENCE).text
        assert text not in page


def test_a_page_that_does_not_exist_offers_buttons_and_no_commands(hub):
    page = get(hub, "/zzzz/qqqq/1").text
    assert "tfhub" not in page.partition("<main")[2]
    assert ">Search the hub</a>" in page


def test_a_missing_model_suggests_similar_names(hub):
    answer = get(hub, "/acme/wordz/1")
    assert answer.status_code == 404
    assert '<a href="/acme/words">acme/words</a>' in answer.text


def test_a_withdrawn_version_says_so(hub):
    publish(module(), card=card("acme/old/1"), hub=hub.url, token=hub.token)
    withdraw("acme/old/1", "It was wrong.", hub=hub.url, token=hub.token)
    page = get(hub, "/acme/old/1").text
    assert "<strong>Withdrawn:</strong> It was wrong. It can still be downloaded." in page
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
    answer = requests.get(f"{hub.url}/api/v1/search", params={"q": "words"}, timeout=PATIENCE).json()
    first = answer["results"][0]
    assert {"handle", "version", "url", "task", "format", "description"} <= set(first)
    assert (first["model"], first["version"]) == ("acme/words", 2)
    assert first["signatures"]
    assert answer["facets"]["publisher"] == [{"value": "acme", "label": "acme", "count": answer["total"]}]
    typed = requests.get(
        f"{hub.url}/api/v1/search",
        params={"interface": "float32 -> float32", "trainable": "true"},
        timeout=PATIENCE,
    ).json()
    assert "acme/words" in [result["model"] for result in typed["results"]]
    similar = requests.get(f"{hub.url}/api/v1/similar/acme/words", timeout=PATIENCE).json()
    assert all(result["model"] != "acme/words" for result in similar["results"])
    assert (
        requests.get(f"{hub.url}/api/v1/downloads/acme/words", timeout=PATIENCE).json()["model"]
        == "acme/words"
    )
    wrong = requests.get(f"{hub.url}/api/v1/search", params={"page": "zero"}, timeout=PATIENCE)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "malformed")


def test_a_page_that_was_made_before_shows_each_change_at_once(tmp_path):
    with HubProcess(tmp_path / "data") as one, HubProcess(tmp_path / "data") as other:
        to = {"hub": other.url, "token": one.token}
        publish(module(), card=card("acme/words/1"), **to)
        before = [get(one, path).text for path in ("/acme/words/1", "/") for _ in range(2)]
        assert all("Says how it is going" not in page for page in before)
        put_card("acme/words/1", card("acme/words/1").replace("\n\n", "\n\nSays how it is going. ", 1), **to)
        assert "Says how it is going" in get(one, "/acme/words/1").text
        publish(module(), card=card("acme/later/1"), **to)
        assert "/acme/later/1" in get(one, "/").text
        withdraw("acme/words/1", "It was wrong.", **to)
        assert "It was wrong." in get(one, "/acme/words/1").text


def test_a_page_made_for_who_may_read_it_is_shown_to_nobody_else(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        publish(module(), card=card("acme/words/1"), hub=hub.url, token=hub.token)
        known = {"Authorization": f"Bearer {hub.token}"}
        url = f"{hub.url}/api/v1/publishers/acme"
        assert requests.patch(url, json={"private": True}, headers=known, timeout=PATIENCE).ok
        assert [get(hub, "/acme/words/1", **known).status_code for _ in range(2)] == [200, 200]
        assert "acme" in get(hub, "/", **known).text
        assert get(hub, "/acme/words/1").status_code == 404
        assert "acme" not in get(hub, "/").text
