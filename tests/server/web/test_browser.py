"""The pages in a real Chromium: accessible, private, usable by keyboard, without JavaScript, on a phone."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import threading

import pytest
import requests
from catalogues import open_catalogue, put_entry
from chromium import ARGUMENTS, CHROMIUM
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE, until
from pictures import picture
from web_visitor import Visitor

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete, put_card, withdraw

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; TFHUB_TEST_CHROMIUM may name one"),
]
PAGES = {
    "home": "/",
    "results": "/s?q=vectors&task=text-embedding",
    "nothing found": "/s?q=qqqqq",
    "refused": "/s?q=x&page=zero",
    "model": "/acme/words/2",
    "wide card": "/acme/wide/1",
    "entry with a long word": "/zoo/another/1",
    "newest": "/s?sort=newest&publisher=zoo",
    "entry without files": "/zoo/pictures/1",
    "entry without files and programs": "/zoo/words/1",
    "publisher": "/acme",
    "publisher with many models": "/zoo?page=2",
    "a collection": "/zoo/all/1",
    "all values of a facet": "/s?all_of=publisher",
    "a mistyped interface": "/s?q=vectors&interface=nonsense",
    "a TensorFlow.js model": "/acme/js/1",
    "a card with pictures": "/acme/pictured/1",
    "measured datasets": "/s/measured",
    "measured models": "/s/measured?dataset=Film+reviews",
    "measured on a long name": f"/s/measured?dataset={'x' * 200}",
    "help": "/help",
    "api": "/help/api",
    "sign in": "/login",
    "nothing there": "/acme/wordz",
    "withdrawn": "/acme/words/1",
    "deleted": "/acme/words/3",
    "files": "/acme/words/2?inside=files",
    "text": "/acme/words/2?inside=text&file=assets/tokens.txt",
    "signatures": "/acme/words/2?inside=signatures",
    "graph": "/acme/words/2?inside=graph",
    "variables": "/acme/words/2?inside=variables",
    "changes": "/acme/words/2?inside=changes",
}
SHOTS = os.environ.get("TFHUB_TEST_SHOTS")
WORDS = """# Placeholder zoo/words/1
Vectors of words.

<!-- task: text-embedding -->

## Overview

Only what is written about it is here.

### Details

None.
"""
PICTURED = """# Module acme/pictured/1
A card with a picture.

<!-- task: text-embedding -->

## Overview

![A grey picture](figure.png)
"""
COLLECTION = """# Collection zoo/all/1
All of them.

<!-- task: text-embedding -->

## Models

[One](https://tfhub.dev/zoo/entry1/1), [two](https://tfhub.dev/zoo/entry2/1).
"""
WIDE = """# Module acme/wide/1
A model with wide code and tables.

<!-- task: text-embedding -->

## Overview

```python
vectors = hub.load("acme/wide/1")("a sentence", "and another, long enough to leave a page of any width")
```

| a | b |
|---|---|
| {0} | {0} |

<table><tr><td>{0}</td><td>{0}</td></tr></table>

```
@misc{{wide, title={{Wide}}}}
```
""".format("w" * 90)
HOSTILE = """# Module acme/hostile/1
A hostile card <script>window.hacked = 1</script>

<!-- task: text-embedding -->

## Overview

<img src=x onerror="window.hacked = 1"> [x](javascript:window.hacked=1) <svg onload="window.hacked = 1">
![track](http://tracker.invalid/pixel.png) <iframe src="http://tracker.invalid/"></iframe>
<div style="position:fixed;inset:0">over everything</div>
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    data = tmp_path_factory.mktemp("browser") / "data"
    database = open_catalogue(data)
    for number in range(30):
        put_entry(database, f"zoo/entry{number}/1", "Turns text into vectors.", task=["text-embedding"])
    long = f"Turns text into vectors like zoo/{'long' * 15}/1."
    put_entry(database, "zoo/another/1", long, task=["text-embedding"])
    put_entry(
        database, "zoo/pictures/1", "Classifies pictures.", task=["image-classification"], license=["mit"]
    )
    database.close()
    with HubProcess(data) as hub:
        to = {"hub": hub.url, "token": hub.token}
        for version in (1, 2, 3):
            publish(module("05_text_embedding"), card=card(f"acme/words/{version}"), **to)
        measure(hub)
        publish(tfjs_model(tmp_path_factory.mktemp("tfjs")), card=card("acme/js/1", "Tfjs"), **to)
        withdraw("acme/words/1", "Wrong labels.", **to)
        delete("acme/words/3", "It held personal data.", **to)
        publish(module(), card=WIDE, **to)
        folder = tmp_path_factory.mktemp("pictured")
        (folder / "figure.png").write_bytes(picture())
        (folder / "card.md").write_text(PICTURED)
        publish(module(), card=folder / "card.md", **to)
        for text in (WORDS, COLLECTION):
            put_card(text.split()[2], text, **to)
        publish(module(), card=HOSTILE, hub=hub.url, token=hub.token)
        yield hub


def cut_tables(page):
    """The tables of a page that a reader has to scroll sideways."""
    return page.evaluate(
        "[...document.querySelectorAll('main table')].filter(table => table.parentElement.scrollWidth > "
        "table.parentElement.clientWidth).map(table => table.parentElement.ariaLabel)"
    )


def measure(hub):
    """Attaches figures with names that are long, or meant to run."""
    figures = {"handle": "acme/words/2", "metric": "accuracy", "value": 0.9, "low": 0.79, "high": 0.96}
    for dataset in ("Film reviews", "x" * 200, "<script>window.hacked = 1</script>"):
        more = {
            "dataset": dataset,
            "dataset_url": "https://data.example/",
            "examples": 50,
            "task": dataset[:90],
        }
        answer = requests.put(
            f"{hub.url}/api/v1/measurements",
            json={**figures, **more},
            headers={"Authorization": f"Bearer {hub.token}"},
            timeout=PATIENCE,
        )
        answer.raise_for_status()


def tfjs_model(folder):
    weights = {
        "paths": ["group1-shard1of1.bin"],
        "weights": [{"name": "w", "shape": [2], "dtype": "float32"}],
    }
    model = {"format": "graph-model", "modelTopology": {"node": []}, "weightsManifest": [weights]}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "group1-shard1of1.bin").write_bytes(bytes(range(8)))
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    if subprocess.run([CHROMIUM, "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"{CHROMIUM} does not start")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page that was opened, with everything it asked for and complained about."""

    def __init__(self, browser, hub, blocked="", **context):
        self.hub = hub
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.page = self.context.new_page()
        if blocked:
            self.page.route(blocked, lambda route: route.abort())
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path):
        self.page.goto(self.hub.url + path)
        return self.page


@pytest.fixture
def visit(browser, hub):
    visits = []

    def visit(path, blocked="", **context):
        visits.append(Visit(browser, hub, blocked, **context))
        visits[-1].open(path)
        return visits[-1]

    yield visit
    for each in visits:
        each.context.close()


def complaints(visited):
    """What the console says, without the status of a page that is meant to be an error."""
    return [text for text in visited.complaints if "Failed to load resource" not in text]


# The first two have each width, each scheme, and a page with and without scripts.
SCREENS = [
    pytest.param((320, "light", False), id="phone"),
    pytest.param((1280, "dark", True), id="dark desktop with scripts"),
    pytest.param((320, "dark", True), id="dark phone with scripts", marks=pytest.mark.slow),
    pytest.param((1280, "light", False), id="desktop", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_fit_and_use_no_other_host(visit, hub, name, screen):
    """Without scripts: without those of the page; axe is a script too."""
    from axe_playwright_python.sync_playwright import Axe

    width, scheme, scripts = screen
    shown = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    visited = visit(PAGES[name], blocked="" if scripts else "**/static/*.js*", **shown)
    if SHOTS:
        visited.page.screenshot(path=f"{SHOTS}/{name.replace(' ', '-')}-{width}-{scheme}.png", full_page=True)
    assert visited.page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints(visited) == []
    assert all(url.startswith(hub.url) for url in visited.requests)
    for closed in visited.page.query_selector_all("details:not([open])"):
        closed.evaluate("details => { details.open = true; }")
    report = Axe().run(visited.page)
    assert report.violations_count == 0, report.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_screens_of_a_medium_width_and_weigh_little(visit, hub, name):
    page = visit(PAGES[name], viewport={"width": 768, "height": 700}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
    answer = requests.get(
        hub.url + PAGES[name], headers={"Accept": "text/html"}, stream=True, timeout=PATIENCE
    )
    # Pages that nobody may store, as those about errors, are not compressed, because they may hold secrets.
    is_stored = "no-store" not in answer.headers["Cache-Control"]
    assert ("Content-Encoding" in answer.headers) == is_stored
    assert len(answer.raw.read(decode_content=False)) <= 10_000, "bytes on the wire"


def test_all_of_it_works_without_javascript(visit):
    page = visit("/", java_script_enabled=False).page
    page.fill("input[type=search]", "vectors")
    page.click("main button")
    assert page.locator(".models > li").count() == 20
    page.get_by_role("link", name="Next").click()
    assert "Page 2 of" in page.inner_text(".pages")
    page.get_by_text("Publisher", exact=True).click()
    page.locator(".facets a", has_text="acme").click()
    assert "publisher=acme" in page.url
    page.locator(".models a", has_text="acme/words").first.click()
    assert page.locator("h1").inner_text() == "acme/words version 2"
    page.get_by_text("Keras: hub.KerasLayer").click()
    assert page.locator("code", has_text="hub.KerasLayer").is_visible()


def test_the_keyboard_reaches_everything(visit):
    page = visit("/acme/words/2").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("getComputedStyle(document.activeElement).left") == "0px"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("words")
    page.keyboard.press("Enter")
    page.wait_for_url("**/s?q=words")
    seen = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", f"the focus on {focused} cannot be seen"
        seen.add(page.evaluate("document.activeElement.getAttribute('href')"))
    assert "/acme/words/2" in seen


def test_code_is_copied(visit):
    visited = visit("/acme/words/2", permissions=["clipboard-read", "clipboard-write"])
    page = visited.page
    page.locator(".copy").first.click()
    page.get_by_text("Copied", exact=True).first.wait_for()
    assert (
        page.evaluate("navigator.clipboard.readText()")
        == page.locator(".code-block code").first.text_content()
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_is_coloured_by_the_style_sheet(visit, scheme):
    page = visit("/acme/words/2", color_scheme=scheme).page
    text, string = (
        page.locator(place).first.evaluate("element => getComputedStyle(element).color")
        for place in (".snippets code", ".snippets code .s")
    )
    assert text != string


def test_wide_content_scrolls_by_the_keyboard_and_code_of_cards_is_copied(visit):
    visited = visit("/acme/wide/1", permissions=["clipboard-read", "clipboard-write"])
    page = visited.page
    for name in ("Code 1", "Table 1", "Table 2"):
        region = page.get_by_role("region", name=f"{name} of the documentation")
        region.focus()
        page.keyboard.press("ArrowRight")
        until(functools.partial(page.evaluate, "document.activeElement.scrollLeft > 0"), "the scrolling")
    page.locator(".card .copy").first.click()
    page.get_by_text("Copied", exact=True).first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith('vectors = hub.load("acme/wide/1")')
    assert complaints(visited) == []


def test_a_hostile_card_does_nothing(visit, hub):
    visited = visit("/acme/hostile/1")
    page = visited.page
    assert page.evaluate("window.hacked") is None
    assert all(url.startswith(hub.url) for url in visited.requests)
    assert complaints(visited) == []
    assert page.locator(".card a[href^='javascript']").count() == 0
    assert page.evaluate("document.elementFromPoint(400, 20).closest('.card')") is None


@pytest.mark.parametrize("width", [320, 1280])
def test_what_was_measured_is_a_table_that_does_nothing(visit, width):
    screen = {"width": width, "height": 800}
    page = visit("/acme/words/2", viewport=screen, java_script_enabled=False).page
    page.get_by_role("link", name="Measured", exact=True).click()
    rows = page.locator("section[aria-labelledby=measured] tbody tr")
    assert rows.count() == 3
    assert "0.79 to 0.96" in rows.nth(1).inner_text()
    assert rows.locator("script").count() == 0
    fits = "cell => cell.offsetWidth <= cell.closest('.table').clientWidth"
    assert rows.nth(1).locator("[data-label=Dataset]").evaluate(fits)
    assert rows.nth(2).locator("[data-label=Dataset]").evaluate(fits)
    assert width > 320 or cut_tables(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    rows.nth(1).get_by_role("link", name="Compare").click()
    assert width > 320 or cut_tables(page) == []
    page.get_by_role("link", name="Download").click()
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Download")
    page.get_by_role("link", name="Download").click()
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Download")
    assert page.locator("tbody th").inner_text().startswith("acme/words/2")


def test_the_policy_stops_what_would_get_through(visit):
    page = visit("/acme/words/2").page
    stopped = page.evaluate(
        """() => new Promise(resolve => {
          const stopped = [];
          document.addEventListener("securitypolicyviolation", event => {
            stopped.push(event.effectiveDirective);
            if (stopped.length === 3) resolve(stopped.sort());
          });
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          const image = document.createElement("img");
          image.setAttribute("onerror", "window.hacked = 2");
          image.src = "http://tracker.invalid/x.png";
          document.body.append(image);
        })"""
    )
    assert stopped == ["img-src", "script-src-attr", "script-src-elem"]
    assert page.evaluate("window.hacked") is None


@pytest.fixture
def elsewhere(tmp_path):
    """A site of its own: another port is another origin."""
    (tmp_path / "index.html").write_text("<!doctype html><title>A game</title>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.parametrize("options", [{}, {"headers": {"Range": "bytes=0-7"}}], ids=["plain", "range"])
def test_a_script_of_another_site_loads_a_model(browser, hub, elsewhere, options):
    """As TF.js does: model.json, then the shards that it names, beside it."""
    page = browser.new_page()
    page.goto(elsewhere)
    loaded = page.evaluate(
        """async ([url, options]) => {
          const model = await (await fetch(`${url}/model.json?tfjs-format=file`)).json();
          const [shard] = model.weightsManifest[0].paths;
          const answer = await fetch(`${url}/${shard}?tfjs-format=file`, options);
          return [...new Uint8Array(await answer.arrayBuffer())];
        }""",
        [f"{hub.url}/acme/js/1", options],
    )
    assert loaded == list(range(8))
    page.close()


def test_a_script_of_another_site_loads_a_private_model(browser, hub, elsewhere, tmp_path):
    to = {"hub": hub.url, "token": hub.token}
    headers = {"Authorization": f"Bearer {hub.token}"}
    made = {"json": {"private": True}, "headers": headers, "timeout": 60}
    requests.patch(f"{hub.url}/api/v1/publishers/secret", **made).raise_for_status()
    (tmp_path / "model").mkdir()
    publish(tfjs_model(tmp_path / "model"), card=card("secret/js/1", "Tfjs"), **to)
    page = browser.new_page()
    page.goto(elsewhere)
    ask = "async ([url, options]) => (await (await fetch(url, options)).json()).format"
    url = f"{hub.url}/secret/js/1/model.json?tfjs-format=file"
    assert page.evaluate(ask, [url, {"headers": headers}]) == "graph-model"
    page.close()


@pytest.fixture(scope="module")
def reader(hub):
    """A token that may read a private publisher, which has a model."""
    headers = {"Authorization": f"Bearer {hub.token}"}
    made = {"json": {"private": True}, "headers": headers, "timeout": 60}
    requests.patch(f"{hub.url}/api/v1/publishers/team", **made).raise_for_status()
    entry = {"handle": "team/plans/1", "card": card("team/plans/1", "Placeholder")}
    requests.put(f"{hub.url}/api/v1/cards", json=entry, headers=headers, timeout=60).raise_for_status()
    token = {"name": "reader of team", "scope": "read", "publisher": "team"}
    made = requests.post(f"{hub.url}/api/v1/tokens", json=token, headers=headers, timeout=60)
    invitations = f"{hub.url}/api/v1/publishers/team/invitations"
    invited = requests.post(invitations, json={"role": "publisher"}, headers=headers, timeout=60).json()[
        "url"
    ]
    Visitor(hub.url).send(
        invited.removeprefix(hub.url), "/settings/join", name="ada-with-a-name-of-some-length"
    )
    return made.json()["secret"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_private_model_is_seen_from_sign_in_to_sign_out(visit, hub, reader, scripts):
    visited = visit("/team/plans/1", java_script_enabled=scripts)
    page = visited.page
    assert page.locator("h1").inner_text() == "Page not found"
    page.locator("main").get_by_role("link", name="Sign in").click()
    page.get_by_label("Token").fill("tfhub_wrong")
    page.get_by_role("button", name="Sign in").click()
    assert "unknown, revoked or expired" in page.get_by_role("alert").inner_text()
    page.get_by_label("Token").fill(reader)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/team/plans/1")
    assert page.locator("h1").inner_text() == "team/plans version 1"
    cookies = [cookie for cookie in visited.context.cookies() if cookie["name"] == "tfhub_session"]
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Lax")]
    page.get_by_role("link", name="reader of team").click()
    page.get_by_role("button", name="Sign out").click()
    visited.open("/team/plans/1")
    assert page.locator("h1").inner_text() == "Page not found"
    assert complaints(visited) == []
    assert all(url.startswith(hub.url) for url in visited.requests)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize(
    "path",
    [
        "/settings",
        "/settings/tokens",
        "/settings/mail",
        "/settings/measurements",
        "/settings/publishers/team",
        "/settings/publishers/team/profile",
        "/settings/publishers/team/audit",
        "/settings/publishers/team/webhooks",
        "/device",
        "/team",
    ],
)
def test_pages_of_who_is_signed_in_are_accessible_and_fit(visit, hub, reader, path, width):
    from axe_playwright_python.sync_playwright import Axe

    visited = visit("/login", viewport={"width": width, "height": 700})
    visited.page.get_by_label("Token").fill(hub.token)
    visited.page.get_by_role("button", name="Sign in").click()
    page = visited.open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert width > 320 or cut_tables(page) == []
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()


def test_a_token_is_revoked_in_two_steps_without_javascript(visit, hub, reader):
    visited = visit("/login?next=/settings/tokens", java_script_enabled=False)
    page = visited.page
    page.get_by_label("Token").fill(hub.token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("What it is for").fill("short-lived")
    page.get_by_role("button", name="Make the token").click()
    row = page.get_by_role("row", name="short-lived")
    assert not row.get_by_role("button", name="Revoke the token").is_visible()
    row.locator("summary").click()
    assert "Programs that use this token lose their access" in row.inner_text()
    row.get_by_role("button", name="Revoke the token short-lived").click()
    assert page.get_by_role("row", name="short-lived").count() == 0
    own = page.get_by_role("row", name="first administrator")
    own.locator("summary").click()
    assert "you are signed out at once" in own.inner_text()


@pytest.mark.parametrize("width", [320, 1200])
def test_a_webhook_is_made_and_tested(visit, hub, width):
    from axe_playwright_python.sync_playwright import Axe

    visited = visit("/login?next=/settings", viewport={"width": width, "height": 900})
    page = visited.page
    page.get_by_label("Token").fill(hub.token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="webhooks of the whole hub").click()
    page.get_by_label("URL").fill("https://ci.example.invalid/models/with/a/long/path/of/its/own")
    page.get_by_label("a card changes").uncheck()
    page.get_by_role("button", name="Make the webhook").click()
    assert page.locator(".code-block code").first.inner_text().startswith("whsec_")
    pages = [page.evaluate("document.documentElement.scrollWidth")]
    assert Axe().run(page).violations_count == 0
    page.locator("td a").first.click()
    with page.expect_navigation():  # before the reload, which would meet a page that is being left
        page.get_by_role("button", name="Send a test").click()
    until(lambda: page.reload() and "cannot be found" in page.content(), "the answer")
    pages.append(page.evaluate("document.documentElement.scrollWidth"))
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert max(pages) <= width
    assert width > 320 or cut_tables(page) == []
    assert "a card changes" not in page.inner_text("main")
    page.get_by_role("link", name="Webhooks of the hub").click()
    page.locator("td a").first.click()
    assert not page.get_by_role("button", name="Remove the webhook").is_visible()
    page.get_by_text("Remove it").click()
    assert "cannot be undone" in page.inner_text("details[open]")
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Remove the webhook").click()
    assert page.locator("td a").count() == 0
    assert complaints(visited) == []
