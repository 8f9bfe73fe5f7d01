"""The pages about mail in a real Chromium: accessible, on a phone too, and without JavaScript."""

from __future__ import annotations

import os
import re

import pytest
from chromium import ARGUMENTS, CHROMIUM
from hub_process import HubProcess
from mail_server import MailServer
from patience import PATIENCE, until
from ports import fixed_ports
from private_hub import api

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; TFHUB_TEST_CHROMIUM may name one"),
]
SHOTS = os.environ.get("TFHUB_TEST_SHOTS")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def hub(server, tmp_path_factory):
    """A hub that sends mail; its own address is in the mails, and browsers open it there."""
    [port] = fixed_ports(1)
    settings = {
        "TFHUB_SERVER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TFHUB_SERVER_SMTP_HOST": "127.0.0.1",
        "TFHUB_SERVER_SMTP_PORT": str(server.port),
        "TFHUB_SERVER_SMTP_SECURITY": "none",
        "TFHUB_SERVER_MAIL_FROM": "hub@hub.example",
    }
    data = tmp_path_factory.mktemp("mail") / "data"
    with HubProcess(data, arguments=("--port", str(port)), **settings) as hub:
        api(hub, "PATCH", "/api/v1/publishers/team", json={"private": True})
        yield hub


@pytest.mark.parametrize("screen", [(320, "light"), (1200, "dark")], ids=["phone", "dark desktop"])
def test_a_member_asks_for_mail_changes_it_and_ends_it(hub, server, screen, browser):
    from axe_playwright_python.sync_playwright import Axe

    width, scheme = screen
    address = f"ada{width}@example.com"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()

    def look(name):
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/mail-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        report = Axe().run(page)
        assert report.violations_count == 0, report.generate_report()

    page.goto(api(hub, "POST", "/api/v1/publishers/team/invitations", json={"role": "reader"}).json()["url"])
    page.get_by_label("name").fill(f"ada{width}")
    page.locator("main button").click()
    page.goto(f"{hub.url}/settings/mail")
    look("none")
    page.get_by_label("a card changes").uncheck()
    page.get_by_label("Your mail address").fill(address)
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("cell", name="the address is not confirmed").wait_for()
    until(lambda: server.to(address), "the mail that asks")
    page.goto(re.search(r"http://\S+", server.to(address)[0].get_content())[0])
    look("confirm")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="You will get mail").wait_for()
    page.goto(f"{hub.url}/settings/mail")
    page.get_by_role("link", name="Change mail about team").click()
    page.get_by_label("a version is published").uncheck()
    look("change")
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_role("cell", name="withdraw, restore, delete").wait_for()
    look("some")
    page.get_by_role("button", name="Unsubscribe from mail about team").click()
    page.get_by_role("heading", name="Get mail").wait_for()
    assert page.get_by_role("cell").count() == 0
    context.close()
