"""The page on which people try a model: what it shows, for whom, and in Chromium without JavaScript."""

from __future__ import annotations

import concurrent.futures
import html
import io
import os
import re
import shutil
import statistics
import time

import pytest
import tensorflow as tf
from detector import photo, save_detector
from harmful_modules import save_harmful
from hub_content import card
from hub_process import HubProcess
from object_modules import OBJECT_MODULES
from patience import PATIENCE
from PIL import Image
from private_hub import api
from running_models import RUNS_MODELS, needs_sandbox
from web_visitor import Visitor

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.server.web.try_page import row_of_numbers

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


class _Slow(tf.Module):
    """Counts as far as it is told."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, most):
        steps = tf.cast(most[0] / 40, tf.int32)
        return tf.while_loop(lambda at: at < steps, lambda at: (at + 1,), [0])[0] + tf.zeros([1], tf.int32)


class _Bytes(tf.Module):
    """Takes image files as strings, and gives how wide each picture is."""

    @tf.function(input_signature=[{"image_bytes": tf.TensorSpec([None], tf.string)}])
    def __call__(self, inputs):
        width = tf.map_fn(
            lambda one: tf.shape(tf.io.decode_image(one, expand_animations=False))[1],
            inputs["image_bytes"],
            fn_output_signature=tf.int32,
        )
        return {"width": tf.cast(width, tf.float32)}


class _Colours(tf.Module):
    """Pictures of any size → their mean colours."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def __call__(self, pictures):
        return tf.reduce_mean(pictures, [1, 2])


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
    tf.saved_model.save(_Colours(), str(folder / "colours"))
    for name in ("texts", "tf1"):
        OBJECT_MODULES[name](folder / name)
    save_harmful("reading", folder / "reading")
    tf.saved_model.save(_Slow(), str(folder / "slow"))
    save_detector(folder / "detector", "person\n<b>bicycle\n")
    tf.saved_model.save(_Bytes(), str(folder / "encoded"))
    with HubProcess(tmp_path_factory.mktemp("trying") / "data", **RUNS_MODELS) as hub:
        for name in (
            "classes",
            "picture",
            "texts",
            "tf1",
            "colours",
            "reading",
            "detector",
            "encoded",
            "slow",
        ):
            publish(folder / name, card=card(f"acme/{name}/1"), hub=hub.url, token=hub.token)
        api(hub, "PATCH", "/api/v1/publishers/hidden", json={"private": True})
        publish(folder / "texts", card=card("hidden/texts/1"), hub=hub.url, token=hub.token)
        yield hub


def as_file(image, form="PNG"):
    file = io.BytesIO()
    image.save(file, form, **({"lossless": True} if form == "WEBP" else {}))
    return file.getvalue()


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


@pytest.mark.parametrize("text", ["", " \n\n"], ids=["nothing", "blank lines"])
def test_a_field_without_text_is_reported(visitor, text):
    answer = visitor.send("/acme/texts/1:try", input_0=text)
    assert answer.status_code == 400
    assert "<strong>Expected at least one line, got none.</strong> Fill in the field." in answer.text
    assert "What it gives" not in answer.text


def test_a_new_form_has_texts_that_one_click_runs(visitor):
    assert ">a sentence\nand another</textarea>" in visitor.open("/acme/texts/1:try").text
    assert "a sentence" not in visitor.open("/acme/picture/1:try").text


def test_a_form_for_numbers_shows_a_row_as_the_model_takes_it(visitor):
    assert "a row in each line: <code>[1, 2, 3]</code>" in visitor.open("/acme/picture/1:try").text
    assert "a row in each line: <code>1</code>" in visitor.open("/acme/slow/1:try").text
    assert "a row in each line: <code>[1, 2, 3, 4, 5, 6, 7]</code>" in visitor.open("/acme/tf1/1:try").text


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        (None, "[1, 2, 3]"),
        ((), "1"),
        ((None, 2, None), "[[1, 2, 3], [4, 5, 6]]"),
        ((None, 12), str([*range(1, 13)])),
        ((None, 13), ""),
        ((None, 10**9, 10**9), ""),
        ((None, 0), "[]"),
        ((None, 10**9, 0), ""),
    ],
)
def test_an_example_of_a_row_is_short(shape, row):
    assert row_of_numbers(TensorDescription("float32", shape)) == row


def test_several_inputs_have_a_field_each(visitor):
    answer = visitor.send("/acme/tf1/1:try", input_0="[1, 2, 3, 4, 5, 6, 7]", input_1="[1, 1, 1, 1, 1, 1, 1]")
    assert "<code>2, 4, 6, 8, 10, 12, 14</code>" in answer.text


def test_invalid_input_is_reported_above_the_form_that_keeps_it(visitor):
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


def test_a_form_of_another_page_is_refused(visitor):
    fields = {"input_0": "a"}
    assert visitor.post("/acme/texts/1:try", **fields).status_code == 403
    stranger = visitor.send("/acme/texts/1:try", headers={"Origin": "https://evil.example"}, **fields)
    assert stranger.status_code == 403


def test_many_requests_at_once_wait_or_get_retry_after_and_pages_stay_fast(hub):
    """40 at once for two processes: some wait their turn, the others are refused."""
    visitors = [Visitor(hub.url) for _ in range(40)]
    for each in visitors:
        each.open("/acme/slow/1:try")
    with concurrent.futures.ThreadPoolExecutor(len(visitors)) as pool:
        asked = [pool.submit(each.send, "/acme/slow/1:try", input_0="[40000000]") for each in visitors]
        times = []
        while not all(one.done() for one in asked):
            started = time.monotonic()
            assert Visitor(hub.url).open("/acme/texts/1").status_code == 200
            times.append(time.monotonic() - started)
        answers = [one.result() for one in asked]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}, statuses
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "5"
    assert "All processes that run models are busy." in refused.text
    assert ">[40000000]</textarea>" in refused.text, "what was filled in stays"
    assert statistics.median(times) < 1
    assert Visitor(hub.url).send("/acme/slow/1:try", input_0="[1]").status_code == 200


def test_private_models_can_be_tried_by_signed_in_readers(hub, visitor):
    assert visitor.open("/hidden/texts/1:try").status_code == 404
    form = visitor.open("/acme/texts/1:try").text
    token = re.search(r'name="form_token" value="(\w+)"', form)[1]
    assert visitor.post("/hidden/texts/1:try", form_token=token, input_0="a").status_code == 404
    visitor.sign_in(hub.token)
    assert visitor.send("/hidden/texts/1:try", input_0="a\nb").status_code == 200


def test_pictures_are_sent_as_files(visitor):
    page = visitor.open("/acme/colours/1:try").text
    assert 'enctype="multipart/form-data"' in page
    assert '<input type="file" id="input_0" name="input_0" accept="image/*" required multiple' in page
    red, blue = (Image.new("RGB", (20, 10), colour) for colour in ("red", "blue"))
    files = [("input_0", ("red.png", as_file(red))), ("input_0", ("blue.webp", as_file(blue, "WEBP")))]
    answer = visitor.send("/acme/colours/1:try", files=files)
    assert answer.status_code == 200, answer.text
    assert "<code>1, 0, 0</code>" in answer.text
    assert "<code>0, 0, 1</code>" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_image_files_go_in_as_bytes_where_a_model_takes_those(visitor):
    files = {"input_0": ("wide.bmp", as_file(Image.new("RGB", (33, 10)), "BMP"))}
    assert "<code>33</code>" in visitor.send("/acme/encoded/1:try", files=files).text


@pytest.mark.parametrize(
    ("name", "turned"), [("<i>cats.png", 1), ("turned.jpg", 6)], ids=["upright", "turned by its EXIF"]
)
def test_boxes_of_a_detector_are_drawn_and_listed(visitor, name, turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    sent = photo((1200, 800), "PNG" if turned == 1 else "JPEG", exif=exif)
    answer = visitor.send("/acme/detector/1:try", files={"input_0": (name, sent)})
    assert answer.status_code == 200, answer.text
    assert "img-src 'self' data:;" in answer.headers["content-security-policy"]
    size = (800, 533) if turned == 1 else (533, 800)
    assert f'viewBox="0 0 {size[0]} {size[1]}"' in answer.text
    assert '<image href="data:image/jpeg;base64,/9j/' in answer.text
    text = answer.text
    left, top = (0.25, 0.25) if turned == 1 else (0.5, 0.25)
    *_, drawn = re.finditer(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="none"', text
    )
    expected = [left * size[0], top * size[1], size[0] / 4, size[1] / 4]
    assert [float(value) for value in drawn.groups()] == pytest.approx(expected, abs=3)
    assert ">1 &lt;b&gt;bicycle 90\u00a0%</text>" in text
    table = re.search(r"<tbody>(.*?)</tbody>", text, re.DOTALL)[1]
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", table.replace("&nbsp;", " "))
    assert cells[:3] == ["1", "&lt;b&gt;bicycle", "90 %"]
    assert cells[7:10] == ["2", "class 7", "40 %"]
    assert len(cells) == 14, "the third box has a low score"
    assert f"<h3>{html.escape(name)}</h3>" in text
    assert "<code>num_detections</code>" in text
    assert "detection_scores" not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no picture", "&#39;x.png&#39; is not an image"),
        (photo((1200, 800))[:2000], "cannot be decoded"),
        (b"", "&#39;x.png&#39; is empty"),
        (b"x" * (4 << 20), "Expected at most 4.2 MB in all fields together, got 4.2 MB"),
    ],
    ids=["text", "cut", "empty", "large"],
)
def test_a_file_that_cannot_be_used_is_reported_on_the_page(visitor, content, words):
    if len(content) == 4 << 20:
        content += b"x"
    answer = visitor.send("/acme/detector/1:try", files={"input_0": ("x.png", content)})
    assert answer.status_code in {400, 413}, answer.text
    assert words in answer.text
    assert 'type="file"' in answer.text


def test_a_picture_that_is_missing_or_one_too_many_is_reported(visitor):
    answer = visitor.send("/acme/detector/1:try")
    assert answer.status_code == 400
    assert "Expected uint8[1, ?, ?, 3] for the input &#39;input_tensor&#39;, got nothing" in answer.text
    two = [("input_0", (f"{number}.png", photo())) for number in range(2)]
    answer = visitor.send("/acme/detector/1:try", files=two)
    assert answer.status_code == 400
    assert "Give 1 at once." in answer.text


def test_a_small_file_of_a_huge_picture_is_harmless(visitor):
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    assert len(file.getvalue()) < 100_000
    answer = visitor.send("/acme/detector/1:try", files={"input_0": ("bomb.png", file.getvalue())})
    assert answer.status_code == 400
    assert "more than 150,000,000 pixels" in answer.text
    assert visitor.send("/acme/detector/1:try", files={"input_0": ("a.png", photo())}).status_code == 200


def test_a_form_with_files_is_checked_as_others_are(visitor):
    files = {"input_0": ("a.png", photo())}
    assert visitor.post("/acme/detector/1:try", files=files).status_code == 403
    stranger = visitor.send("/acme/detector/1:try", headers={"Origin": "https://evil.example"}, files=files)
    assert stranger.status_code == 403
    other = visitor.post("/login", files={"token": ("a", b"b")})
    assert other.status_code == 400
    assert "Expected a form as application/x-www-form-urlencoded" in other.text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; TFHUB_TEST_CHROMIUM may name one")
def test_with_javascript_the_button_says_that_it_takes_a_while(hub):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{hub.url}/acme/texts/1:try")
        button = page.locator("main button")
        # Playwright waits until the page of the answer is there; so the event is sent without the form.
        page.evaluate("document.querySelector('form[data-busy]').dispatchEvent(new SubmitEvent('submit'))")
        assert button.inner_text() == "Running …"
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
        assert button.inner_text() == "Run it"
        page.fill("textarea", "a cat\na dog")
        button.click()
        page.get_by_role("heading", name="What it gives").wait_for()
        browser.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; TFHUB_TEST_CHROMIUM may name one")
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "dark")])
def test_it_works_without_javascript_and_is_accessible(hub, width, scheme, tmp_path):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    picture = tmp_path / "garden.jpg"
    picture.write_bytes(photo((1200, 800), "JPEG"))
    inputs = {
        "detector": picture,
        "texts": "a cat\na long sentence about a dog",
        "classes": "one",
        "picture": "[0.2, 0.5, 1]",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        context = browser.new_context(java_script_enabled=False, **screen)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        for name, text in inputs.items():
            page.goto(f"{hub.url}/acme/{name}/1")
            page.get_by_role("link", name="Try it here").click()
            if isinstance(text, str):
                page.fill("textarea", text)
            else:
                page.set_input_files("input[type=file]", text)
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
