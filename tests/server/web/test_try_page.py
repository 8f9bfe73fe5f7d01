"""The page on which people try a model: what it shows, for whom, and in Chromium without JavaScript."""

from __future__ import annotations

import os
import re
import shutil

import pytest
import tensorflow as tf
from harmful_modules import save_harmful
from hub_content import card
from hub_process import HubProcess
from object_modules import OBJECT_MODULES
from patience import PATIENCE
from private_hub import api
from running_models import RUNS_MODELS, needs_sandbox
from web_visitor import Visitor

from tensorflow_hub.client.publishing import publish

CHROMIUM = os.environ.get("TFHUB_TEST_CHROMIUM") or shutil.which("chromium")
pytestmark = needs_sandbox
LABELS = "cat\ndog\n<script>window.hacked = 1</script>\n"


class _Classes(tf.Module):
    """Shares of three classes, with their names."""

    def __init__(self, labels):
        super().__init__()
        self.labels = tf.saved_model.Asset(str(labels))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        return tf.tile([[0.2, 0.7, 0.1]], [tf.size(texts), 1])


class _Picture(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def __call__(self, colours):
        return tf.tile(colours[:, None, None, :], [1, 16, 16, 1])


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    (folder / "labels.txt").write_text(LABELS)
    tf.saved_model.save(_Classes(folder / "labels.txt"), str(folder / "classes"))
    tf.saved_model.save(_Picture(), str(folder / "picture"))
    for name in ("texts", "tf1", "images"):
        OBJECT_MODULES[name](folder / name)
    save_harmful("reading", folder / "reading")
    with HubProcess(tmp_path_factory.mktemp("trying") / "data", **RUNS_MODELS) as hub:
        for name in ("classes", "picture", "texts", "tf1", "images", "reading"):
            publish(folder / name, card=card(f"acme/{name}/1"), hub=hub.url, token=hub.token)
        api(hub, "PATCH", "/api/v1/publishers/hidden", json={"private": True})
        publish(folder / "texts", card=card("hidden/texts/1"), hub=hub.url, token=hub.token)
        yield hub


@pytest.fixture
def visitor(hub):
    return Visitor(hub.url)


def test_texts_are_compared(visitor):
    answer = visitor.send("/acme/texts/1:try", input_0="a cat\n\na <b>dog</b>\n")
    assert answer.status_code == 200, answer.text
    assert "2. a &lt;b&gt;dog&lt;/b&gt;" in answer.text
    assert answer.text.count('<td data-align="right">1.00</td>') == 4
    assert len(answer.text) < 10_000
    assert answer.headers["cache-control"] == "no-store"


def test_classes_have_bars(visitor):
    answer = visitor.send("/acme/classes/1:try", input_0="something")
    [first] = re.findall(r"<tbody>(.*?)</tbody>", answer.text, re.DOTALL)
    assert first.startswith('<tr><td>dog</td><td data-align="right">70.0&nbsp;%</td>')
    assert 'width="42.0"' in first
    assert "&lt;script&gt;" in first
    assert "data:" not in answer.headers["content-security-policy"]


def test_a_picture_is_shown(visitor):
    answer = visitor.send("/acme/picture/1:try", input_0="[1, 0, 0]")
    assert '<img src="data:image/png;base64,iVBOR' in answer.text
    assert "img-src 'self' data:;" in answer.headers["content-security-policy"]


def test_several_inputs_have_a_field_each(visitor):
    answer = visitor.send("/acme/tf1/1:try", input_0="[1, 2, 3, 4, 5, 6, 7]", input_1="[1, 1, 1, 1, 1, 1, 1]")
    assert "<code>2, 4, 6, 8, 10, 12, 14</code>" in answer.text


def test_what_does_not_fit_is_told_above_the_form_that_keeps_it(visitor):
    answer = visitor.send("/acme/picture/1:try", input_0="no <numbers>")
    assert answer.status_code == 400
    assert "Expected float32[?, 3]" in answer.text
    assert ">no &lt;numbers&gt;</textarea>" in answer.text


def test_the_page_of_a_model_leads_there_only_where_it_can_be_run(visitor):
    assert 'href="/acme/texts/1:try"' in visitor.open("/acme/texts/1").text
    assert ":try" not in visitor.open("/acme/reading/1").text
    refused = visitor.open("/acme/reading/1:try")
    assert refused.status_code == 422
    assert "ReadFile (reads files)" in refused.text
    pictures = visitor.open("/acme/images/1:try")
    assert pictures.status_code == 422
    assert "tfhub run acme/images/1 photo.jpg" in pictures.text


def test_a_form_of_another_page_is_refused(visitor):
    fields = {"input_0": "a"}
    assert visitor.post("/acme/texts/1:try", **fields).status_code == 403
    stranger = visitor.send("/acme/texts/1:try", headers={"Origin": "https://evil.example"}, **fields)
    assert stranger.status_code == 403


def test_what_is_private_is_tried_by_those_who_are_signed_in_and_may_read_it(hub, visitor):
    assert visitor.open("/hidden/texts/1:try").status_code == 404
    form = visitor.open("/acme/texts/1:try").text
    token = re.search(r'name="form_token" value="(\w+)"', form)[1]
    assert visitor.post("/hidden/texts/1:try", form_token=token, input_0="a").status_code == 404
    visitor.sign_in(hub.token)
    assert visitor.send("/hidden/texts/1:try", input_0="a\nb").status_code == 200


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; TFHUB_TEST_CHROMIUM may name one")
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "dark")])
def test_it_works_without_javascript_and_is_accessible(hub, width, scheme, tmp_path):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    inputs = {"texts": "a cat\na long sentence about a dog", "classes": "one", "picture": "[0.2, 0.5, 1]"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        context = browser.new_context(java_script_enabled=False, **screen)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        for name, text in inputs.items():
            page.goto(f"{hub.url}/acme/{name}/1")
            page.get_by_role("link", name="Try it here").click()
            page.fill("textarea", text)
            page.get_by_role("button", name="Run it").click()
            page.get_by_role("heading", name="What it gives").wait_for()
            shown = page.content()
            page.screenshot(path=os.environ.get("TFHUB_TEST_SHOTS", str(tmp_path)) + f"/{name}{width}.png")
            looked_at = browser.new_context(**screen).new_page()  # axe is a script
            looked_at.goto(f"{hub.url}/help")
            looked_at.set_content(shown)
            assert looked_at.evaluate("document.documentElement.scrollWidth") <= width
            report = Axe().run(looked_at)
            assert report.violations_count == 0, report.generate_report()
        browser.close()
