"""Pictures of cards: from publishing to the page, for those who may read it, until the version is deleted."""

from __future__ import annotations

import re

import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE
from pictures import SECRET, picture

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete, put_card, withdraw
from tensorflow_hub.format.card.picture_file import LARGEST_FILE, read_picture

TEXT = """
![Two <cats>](pictures/cats.png) <img src="./raw.jpg" alt="raw" onerror="x()" width=9999>
[![linked](in_link.gif)](https://a.example/) ![elsewhere](https://x.example/dog.png) ![absent](absent.png)
"""
FILES = {"pictures/cats.png": picture(), "raw.jpg": picture("JPEG"), "in_link.gif": picture("GIF", "P")}


def write_card(folder, handle, text=TEXT, files=FILES):
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "card.md").write_text(card(handle) + text)
    return folder / "card.md"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    with HubProcess(folder / "data") as hub:
        headers = {"Authorization": f"Bearer {hub.token}"}
        url = f"{hub.url}/api/v1/publishers/hidden"
        requests.patch(url, json={"private": True}, headers=headers, timeout=PATIENCE).raise_for_status()
        for handle in ("acme/cats/1", "hidden/cats/1"):
            place = write_card(folder / handle, handle, TEXT.replace("![absent](absent.png)", ""))
            publish(module(), card=place, hub=hub.url, token=hub.token)
        yield hub


def get(hub, path, **headers):
    return requests.get(f"{hub.url}{path}", headers=headers, timeout=PATIENCE)


def send(hub, handle, path, data, token=None):
    headers = {"Authorization": f"Bearer {token or hub.token}"}
    url = f"{hub.url}/api/v1/pictures/{handle}"
    return requests.put(url, params={"path": path}, data=data, headers=headers, timeout=PATIENCE)


def shown(hub, handle, token=None):
    """(URL, alternative text) of the pictures of a page."""
    page = get(hub, f"/{handle}", **({"Authorization": f"Bearer {token}"} if token else {})).text
    section = page.partition('id="documentation"')[2].partition("</section>")[0]
    return re.findall(r'<img src="([^"]*)" alt="([^"]*)" width="60" height="40" loading="lazy">', section)


def test_the_pictures_of_a_card_are_on_its_page(hub):
    found = shown(hub, "acme/cats/1")
    assert [words for _, words in found] == ["Two &lt;cats&gt;", "raw", "linked"]
    page = get(hub, "/acme/cats/1").text
    assert f'<meta property="og:image" content="{hub.url}/acme/cats/1?picture=' in page
    assert 'src="https://x.example' not in page
    assert '<a href="https://x.example/dog.png"' in page
    assert "onerror" not in page
    for (url, _), data in zip(found, FILES.values(), strict=True):
        answer = get(hub, url)
        expected = read_picture(data)
        assert answer.content == expected.data
        assert SECRET not in answer.content
        assert answer.headers["Content-Type"] == expected.media_type
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "immutable" in answer.headers["Cache-Control"]
        assert get(hub, url, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_api_lists_them(hub):
    listed = get(hub, "/api/v1/models/acme/cats/1").json()["pictures"]
    assert [(one["path"], one["media_type"], one["width"]) for one in listed] == [
        ("in_link.gif", "image/gif", 60),
        ("pictures/cats.png", "image/png", 60),
        ("raw.jpg", "image/jpeg", 60),
    ]
    assert all(requests.get(one["url"], timeout=PATIENCE).ok for one in listed)


@pytest.mark.parametrize("name", ["", "x", "../../etc/passwd", "0" * 64, "A" * 64, "0" * 3000])
def test_other_names_of_pictures_are_not_there(hub, name):
    assert get(hub, f"/acme/cats/1?picture={name}").status_code == 404


def test_pictures_of_what_is_private_are_for_its_readers_only(hub):
    found = shown(hub, "hidden/cats/1", hub.token)
    assert len(found) == 3
    url = found[0][0]
    assert get(hub, url).status_code == 404
    assert get(hub, url.replace("hidden", "nobody")).status_code == 404
    answer = get(hub, url, Authorization=f"Bearer {hub.token}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("private")
    # The same bytes are public under another version, and not by this one's name.
    assert get(hub, url.replace("hidden", "acme")).status_code == 200


def test_only_pictures_that_the_card_refers_to_are_taken(hub):
    refused = send(hub, "acme/cats/1", "other.png", picture())
    assert refused.status_code == 422
    assert "refers to no picture 'other.png'" in refused.json()["error"]["message"]
    for path in ("../cats.png", "/etc/passwd", "pictures/../raw.jpg", "x" * 700):
        assert send(hub, "acme/cats/1", path, picture()).status_code == 422
    assert send(hub, "acme/nothing/1", "raw.jpg", picture()).status_code == 404
    assert send(hub, "acme/cats", "raw.jpg", picture()).status_code == 400


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", b"<html>", b"\x89PNG\r\n\x1a\n", b"GIF89a"]
)
def test_something_that_is_not_a_picture_is_refused(hub, data):
    refused = send(hub, "acme/cats/1", "raw.jpg", data)
    assert refused.status_code == 422
    assert "Expected a picture in PNG, JPEG, GIF or WebP" in refused.json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused_before_it_arrives(hub):
    assert send(hub, "acme/cats/1", "raw.jpg", b"\xff" * (LARGEST_FILE + 1)).status_code == 413
    assert len(shown(hub, "acme/cats/1")) == 3


def test_a_picture_is_replaced_and_goes_with_its_card(hub, tmp_path):
    to = {"hub": hub.url, "token": hub.token}
    handle = "acme/changing/1"
    publish(module(), card=write_card(tmp_path, handle, "\n![x](x.png)\n", {"x.png": picture()}), **to)
    [(first, _)] = shown(hub, handle)
    (tmp_path / "x.png").write_bytes(picture(size=(60, 40), mode="L"))
    publish(module(), card=tmp_path / "card.md", **to)
    [(second, _)] = shown(hub, handle)
    assert first != second
    assert get(hub, first).status_code == 404
    assert send(hub, handle, "x.png", picture("GIF", "P")).status_code == 200
    assert get(hub, shown(hub, handle)[0][0]).headers["Content-Type"] == "image/gif"
    put_card(handle, card(handle), **to)
    assert get(hub, f"/api/v1/models/{handle}").json()["pictures"] == []
    put_card(handle, card(handle) + "\n![x](x.png)\n", **to)
    assert '<span class="image-link">x</span>' in get(hub, f"/{handle}").text


def test_pictures_of_a_withdrawn_version_stay_and_those_of_a_deleted_one_go(hub, tmp_path):
    to = {"hub": hub.url, "token": hub.token}
    handle = "acme/ending/1"
    publish(module(), card=write_card(tmp_path, handle, "\n![x](x.png)\n", {"x.png": picture()}), **to)
    [(url, _)] = shown(hub, handle)
    withdraw(handle, "Wrong.", **to)
    withdrawn = get(hub, url)
    assert withdrawn.status_code == 200
    assert "immutable" not in withdrawn.headers["Cache-Control"]
    delete(handle, "It showed a person.", **to)
    assert get(hub, url).status_code == 410
