"""Atom feeds: of the hub, a publisher, a model, a search; for those who may read what they tell."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete, put_card, withdraw

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeds")
    with HubProcess(folder / "data") as hub:
        to = {"hub": hub.url, "token": hub.token}
        for number in (1, 2, 3):
            publish(
                module_with(folder / f"m{number}", b"%d" % number), card=card(f"acme/words/{number}"), **to
            )
        withdraw("acme/words/2", "Wrong <labels> & more.", **to)
        delete("acme/words/3", "It held personal data.", **to)
        put_card("acme/words/1", card("acme/words/1").replace("multiplies", "adds"), **to)
        headers = {"Authorization": f"Bearer {hub.token}"}
        url = f"{hub.url}/api/v1/publishers/hidden"
        requests.patch(url, json={"private": True}, headers=headers, timeout=PATIENCE).raise_for_status()
        publish(module(), card=card("hidden/words/1"), **to)
        yield hub


def get(hub, path, **headers):
    return requests.get(f"{hub.url}{path}", headers=headers, timeout=PATIENCE)


def titles(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    return [entry.findtext(f"{ATOM}title") for entry in ET.fromstring(answer.content).findall(f"{ATOM}entry")]


OF_ACME = [
    "The documentation of acme/words/1 changed",
    "acme/words/3 was deleted",
    "acme/words/2 was withdrawn",
    "acme/words/3 was published",
    "acme/words/2 was published",
    "acme/words/1 was published",
]


@pytest.mark.parametrize("path", ["/", "/acme", "/acme/words"])
def test_a_feed_tells_what_happened_newest_first(hub, path):
    assert titles(get(hub, f"{path}?feed=atom")) == OF_ACME
    assert titles(get(hub, path, Accept="application/atom+xml")) == OF_ACME
    page = get(hub, path, Accept="text/html")
    assert f'type="application/atom+xml" title="News" href="{path}?feed=atom"' in page.text


def test_entries_are_what_feed_readers_need(hub):
    feed = ET.fromstring(get(hub, "/acme?feed=atom").content)
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    assert [entry.findtext(f"{ATOM}summary") for entry in entries][1:3] == [
        "It held personal data.",
        "Wrong <labels> & more.",
    ]
    assert feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated")
    assert entries[-1].find(f"{ATOM}link").get("href") == f"{hub.url}/acme/words/1"
    assert "first administrator" not in get(hub, "/acme?feed=atom").text


def test_private_models_are_shown_to_their_readers_only(hub):
    assert "hidden" not in get(hub, "/?feed=atom").text
    assert "hidden" not in get(hub, "/s?feed=atom").text
    token = {"Authorization": f"Bearer {hub.token}"}
    assert titles(get(hub, "/hidden?feed=atom", **token)) == ["hidden/words/1 was published"]
    assert "hidden/words/1 was published" in titles(get(hub, "/?feed=atom", **token))


def test_feed_readers_are_asked_for_a_password_also_where_nothing_is(hub):
    answers = [get(hub, f"{path}?feed=atom") for path in ("/hidden", "/hidden/words", "/absent", "/absent/x")]
    told = {(answer.status_code, answer.headers["WWW-Authenticate"], answer.text) for answer in answers}
    assert len(told) == 1, "whether a private publisher is there is not told"
    [(status, asked, text)] = told
    assert (status, asked) == (401, 'Basic realm="tensorflow-hub"')
    assert "Enter any user name, and a token of this hub as the password" in text
    by_header = get(hub, "/hidden", Accept="application/atom+xml")
    assert by_header.status_code == 401
    assert get(hub, "/hidden", Accept="text/html").status_code == 404, "pages stay as they are"
    token = {"Authorization": f"Bearer {hub.token}"}
    assert get(hub, "/absent?feed=atom", **token).status_code == 404


def test_a_feed_reader_signs_in_with_a_token_as_the_password(hub):
    made = requests.post(
        f"{hub.url}/api/v1/tokens",
        json={"name": "feeds", "scope": "read", "publisher": "hidden"},
        headers={"Authorization": f"Bearer {hub.token}"},
        timeout=PATIENCE,
    )
    secret = made.json()["secret"]

    def ask(path, password):
        return requests.get(f"{hub.url}{path}?feed=atom", auth=("me", password), timeout=PATIENCE)

    assert titles(ask("/hidden", secret)) == ["hidden/words/1 was published"]
    in_url = hub.url.replace("://", f"://me:{secret}@")
    assert titles(requests.get(f"{in_url}/hidden/words?feed=atom", timeout=PATIENCE))
    answer = ask("/", secret)
    assert "hidden/words/1 was published" in titles(answer)
    assert "Authorization" in answer.headers["Vary"]
    assert ask("/hidden", "tfhub_wrong").status_code == 401
    page = get(hub, "/hidden", Accept="text/html", Authorization=f"Bearer {secret}").text
    assert 'For its <a href="/hidden?feed=atom">feed</a>, enter any user name' in page


def test_a_search_has_a_feed(hub):
    assert titles(get(hub, "/s?q=words&feed=atom")) == ["acme/words/1 was published"]
    assert titles(get(hub, "/s?q=qqqqq&feed=atom")) == []
    assert get(hub, "/s?page=zero&feed=atom").status_code == 400


def test_a_reader_that_comes_again_gets_304_until_something_happens(hub, tmp_path):
    shutil.copytree(module(), tmp_path / "m")
    first = get(hub, "/acme?feed=atom")
    again = get(hub, "/acme?feed=atom", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    publish(tmp_path / "m", card=card("acme/more/1"), hub=hub.url, token=hub.token)
    changed = get(hub, "/acme?feed=atom", **{"If-None-Match": first.headers["ETag"]})
    assert titles(changed)[0] == "acme/more/1 was published"


def test_other_kinds_of_feeds_are_refused(hub):
    answer = get(hub, "/?feed=rss", Accept="application/json")
    assert answer.status_code == 400
    assert "feed=atom" in answer.json()["error"]["message"]
