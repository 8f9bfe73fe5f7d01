"""Two people of one team, in the browser and on the command line: a private publisher, a release, a
withdrawal, and who is told of them: a webhook, a feed reader, a project that is locked to the version.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest
import requests
from chromium import ARGUMENTS, CHROMIUM
from hub_content import card, module
from patience import PATIENCE, until
from private_hub import api, private_hub
from webhook_receiver import Receiver, is_signed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; TFHUB_TEST_CHROMIUM may name one"),
]
ATOM = "{http://www.w3.org/2005/Atom}"
HANDLE = "team/words/1"


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def run(hub, token, folder, *words, code=0):
    """A command of `tfhub` in a project of its own; what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TFHUB_")}
    environ |= {"TFHUB_URL": hub.url, "TFHUB_TOKEN": token, "TFHUB_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-m", "tensorflow_hub", *words]
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def join(browser, hub, link, name):
    """A person who opens an invitation in a browser of the own; the page, and the token to sign in with."""
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(link)
    page.get_by_label("Your name on this hub").fill(name)
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("heading", name="Welcome").wait_for()
    return page, page.locator("code", has_text=re.compile("^tfhub_")).first.inner_text()


def test_a_team_gets_messages_about_events(tmp_path, browser):
    networks = {"TFHUB_SERVER_WEBHOOK_NETWORKS": "127.0.0.1"}
    with private_hub(tmp_path / "data", "sqlite", **networks) as hub, Receiver() as receiver:
        api(hub, "PATCH", "/api/v1/publishers/team", json={"private": True})
        invitations = "/api/v1/publishers/team/invitations"
        link = api(hub, "POST", invitations, json={"role": "owner"}).json()["url"]

        # Ada, the owner, invites Grace, and has the team's CI told of what happens.
        ada, ada_token = join(browser, hub, link, "ada")
        ada.goto(f"{hub.url}/settings/publishers/team")
        ada.get_by_label("Who it is for").fill("Grace")
        ada.locator("#role").select_option("publisher")
        ada.get_by_role("button", name="Make an invitation link").click()
        grace, _ = join(browser, hub, ada.locator("code", has_text="/settings/join").inner_text(), "grace")
        ada.get_by_role("link", name="Webhooks").click()
        ada.get_by_label("URL").fill(receiver.url)
        ada.get_by_label("a card changes").uncheck()
        ada.get_by_role("button", name="Make the webhook").click()
        secret = ada.locator("code", has_text="whsec_").first.inner_text()

        # Grace makes a token in the browser, and publishes with it on the command line.
        grace.goto(f"{hub.url}/settings/tokens")
        grace.get_by_label("What it is for").fill("laptop")
        grace.get_by_label("Publisher").select_option("team")
        grace.locator("#scope").select_option("publish")
        grace.get_by_role("button", name="Make the token").click()
        laptop = grace.locator("code", has_text=re.compile("^tfhub_")).first.inner_text()
        (tmp_path / "card.md").write_text(card(HANDLE))
        folder = str(module("05_text_embedding"))
        run(hub, laptop, tmp_path, "publish", folder, HANDLE, "--card", str(tmp_path / "card.md"))
        until(lambda: receiver.messages, "the message about the release")
        grace.goto(f"{hub.url}/{HANDLE}")
        assert grace.locator("h1").inner_text() == "team/words version 1"
        stranger = browser.new_page()
        assert stranger.goto(f"{hub.url}/{HANDLE}").status == 404

        # A project uses the version, until Ada withdraws it; Grace may not.
        run(hub, laptop, tmp_path, "lock", HANDLE)
        assert run(hub, laptop, tmp_path, "outdated").split()[0] == "current"
        run(hub, laptop, tmp_path, "withdraw", HANDLE, "--reason", "wrong labels", code=5)
        run(hub, ada_token, tmp_path, "withdraw", HANDLE, "--reason", "wrong labels")
        outdated = run(hub, laptop, tmp_path, "outdated", code=1)
        assert outdated.startswith("withdrawn")
        assert "wrong labels" in outdated

        # The receiver knows that both messages are of this hub; their log is on Ada's page.
        until(lambda: len(receiver.messages) == 2, "the message about the withdrawal")
        assert [message.json["type"] for message in receiver.messages] == ["publish", "withdraw"]
        assert receiver.messages[1].json["data"]["reason"] == "wrong labels"
        assert all(is_signed(message, secret, time.time()) for message in receiver.messages)
        assert not is_signed(receiver.messages[0], "whsec_AAAA", time.time())
        ada.goto(f"{hub.url}/settings/publishers/team/webhooks")
        ada.locator("td a").first.click()
        until(lambda: ada.reload() and ada.content().count("delivered after 1 attempt") == 2, "the log")

        # A feed reader sends Grace's token as a password. Without it the answer is as for an absent feed.
        feed = f"{hub.url}/team?feed=atom"
        answer = requests.get(feed, auth=("reader", laptop), timeout=PATIENCE)
        titles = [
            entry.findtext(f"{ATOM}title") for entry in ET.fromstring(answer.content).iter(f"{ATOM}entry")
        ]
        assert titles == [f"{HANDLE} was withdrawn", f"{HANDLE} was published"]
        absent = f"{hub.url}/nobody?feed=atom"
        for refused in (requests.get(url, timeout=PATIENCE) for url in (feed, absent)):
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Basic")
