"""A hub's own name, logo, contact and colour; and what is private, marked on its pages."""

from __future__ import annotations

import html
import re

import pytest
import requests
from hub_content import card
from hub_process import HubProcess
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE
from private_hub import HIDDEN, api, new_token, private_hub
from web_visitor import HTML, Visitor

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.web.colours import contrast, style_of

SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>'
LIGHT, DARK = (255, 255, 255), (20, 23, 27)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "logo.svg").write_bytes(SVG)
    settings = {
        "TFHUB_SERVER_SITE_NAME": "Models of <Acme>",
        "TFHUB_SERVER_SITE_LOGO": str(folder / "logo.svg"),
        "TFHUB_SERVER_SITE_CONTACT": "models@acme.example",
        "TFHUB_SERVER_SITE_COLOUR": "#1a73e8",
    }
    with private_hub(folder / "data", "sqlite", **settings) as hub:
        entry = {"handle": "acme/words/1", "card": card("acme/words/1", "Placeholder")}
        api(hub, "PUT", "/api/v1/cards", json=entry)
        yield hub


def test_every_page_has_the_name_logo_contact_and_colour(hub):
    for path in ("/", "/s", "/help", "/login", "/nothing/here"):
        page = requests.get(hub.url + path, headers=HTML, timeout=PATIENCE).text
        assert "Models of &lt;Acme&gt;" in page
        assert '<a href="mailto:models@acme.example">Contact</a>' in page
        assert re.search(r'<img src="/static/logo\?v=\w+" alt="">', page)
        assert re.search(r'<link rel="stylesheet" href="/static/site.css\?v=\w+">', page)
    style = requests.get(f"{hub.url}/static/site.css", timeout=PATIENCE)
    assert style.headers["Content-Type"].startswith("text/css")
    assert "--accent: #1a73e8" in style.text


def test_the_logo_can_run_nothing(hub):
    logo = requests.get(f"{hub.url}/static/logo", timeout=PATIENCE)
    assert logo.content == SVG
    assert logo.headers["Content-Type"] == "image/svg+xml"
    assert logo.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in logo.headers["Content-Security-Policy"]
    assert "sandbox" in logo.headers["Content-Security-Policy"]


@pytest.mark.parametrize("content", [b"<!doctype html><svg></svg>", b"GIF89a", b"", SVG * 3000, None])
def test_a_hub_with_a_logo_that_is_none_does_not_start(tmp_path, content):
    path = tmp_path / "logo.svg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeError, match="Expected a PNG, JPEG or SVG picture of at most 200000 bytes"):
        HubProcess(tmp_path / "data", TFHUB_SERVER_SITE_LOGO=str(path)).start()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("NAME", "", "expected a name of 1 to 60"),
        ("NAME", "x" * 61, "expected a name of 1 to 60"),
        ("CONTACT", "javascript:alert(1)", "expected a mail address, or a URL"),
        ("CONTACT", "https://x y", "expected a mail address, or a URL"),
        ("COLOUR", "orange", "expected a colour such as #1a73e8"),
        ("COLOUR", "#fff; }", "expected a colour such as #1a73e8"),
    ],
)
def test_settings_of_a_site_are_checked(variable, value, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        ServerSettings.read(environ={f"TFHUB_SERVER_SITE_{variable}": value})


def rules(colour):
    """Shade → colour, for light pages and for dark ones."""
    text = style_of(colour)
    found = re.findall(r"--([a-z-]+): #(\w\w)(\w\w)(\w\w);", text)
    shades = [(name, tuple(int(part, 16) for part in parts)) for name, *parts in found]
    return dict(shades[: len(shades) // 2]), dict(shades[len(shades) // 2 :])


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_can_be_read(number):
    for shades, page in zip(rules(f"#{number:06x}"), (LIGHT, DARK), strict=True):
        assert contrast(shades["accent"], page) >= 3
        assert contrast(shades["on-accent"], shades["accent"]) >= 4.5
        assert contrast(shades["link"], shades["tint"]) >= 4.5
        assert contrast(shades["link"], page) >= 4.5


def test_private_models_are_marked_for_those_who_see_them(hub):
    reader, stranger = Visitor(hub.url), Visitor(hub.url)
    reader.sign_in(new_token(hub)["secret"])
    for path in ("/", "/s?q=model", "/hidden"):
        assert '<li class="private">private</li>' in reader.open(path).text, path
        assert 'class="private"' not in stranger.open(path).text, path
    assert '<span class="private">private</span>' in reader.open("/").text
    assert "publisher=hidden" in reader.open("/s").text
    for path in ("/s?q=words&publisher=acme", "/acme"):
        assert 'class="private"' not in reader.open(path).text
    found = api(hub, "GET", "/api/v1/search?q=model").json()["results"]
    marks = {result["model"]: result["private"] for result in found}
    assert marks["hidden/model"]
    assert not marks.get("acme/words")


def test_the_page_of_a_private_model_tells_how_to_sign_in(hub):
    reader = Visitor(hub.url)
    reader.sign_in(new_token(hub)["secret"])
    body = {
        "handle": "hidden/words/1",
        "card": card("hidden/words/1", "Placeholder", "format: saved_model_2"),
    }
    api(hub, "PUT", "/api/v1/cards", json=body)
    page = reader.open("/hidden/words/1").text
    assert "Private: only members of hidden" in page
    assert f"<code>tfhub login {hub.url}</code>" in page
    assert 'curl -H "Authorization: Bearer $TFHUB_TOKEN" -fL' in html.unescape(
        re.sub("</?span[^>]*>", "", page)
    )
    assert HIDDEN.rpartition("/")[0] in page or "Similar" not in page
