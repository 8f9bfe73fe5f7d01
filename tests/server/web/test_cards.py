from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.server.web.cards import _ATTRIBUTES, _TAGS, plain_text, render_card
from tensorflow_hub.server.web.coloured_code import CLASSES

# Ways to smuggle script into a page, by class; each has to come out harmless.
HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"javascript:alert(1)\">",
    "<img/src='x'/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=//evil.example/x.swf>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<div style='position:fixed;top:0;left:0;width:100%;height:100%'>x</div>",
    "<div class='site-header' id='search'>x</div>",
    "<p id=q>x</p>",
    "<b onmouseover=alert(1)>x</b>",
    "[x](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](  javascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](//evil.example/x)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](http://evil.example/track.png)",
    "![x\" onerror=\"alert(1)](http://a.example/b.png)",
    "![x](http://a.example/b.png \"t\\\" onload=alert(1)\")",
    "[a](http://a.example \"><script>alert(1)</script>\")",
    "`<script>alert(1)</script>`",
    "```<script>\nalert(1)\n```",
    "```\"onclick=alert(1)\nx\n```",
    "# <img src=x onerror=alert(1)>",
    "<!-- --><script>alert(1)</script>",
    "<!-- --!><script>alert(1)</script> -->",
    "<!--><script>alert(1)</script>-->",
    "|a|\n|-|\n|<script>alert(1)</script>|",
    "</div></main><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<xmp><script>alert(1)</script></xmp>",
    "<plaintext><script>alert(1)",
    "<textarea><script>alert(1)</script>",
    "\0<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<img src=http://169.254.169.254/latest/meta-data/>",
]  # fmt: skip


ATTRIBUTES = {name for names in _ATTRIBUTES.values() for name in names} | {"rel"}


class _Checker(HTMLParser):
    """Fails on anything that runs, loads, or reaches out of the card."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in _TAGS, tag
        if tag not in {"br", "hr"}:
            self.open.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            if name == "href":
                lowered = (value or "").strip().lower()
                assert not lowered.startswith(("javascript", "data", "vbscript", "//", "\\")), value
            if name == "id":
                assert value.startswith("card-")
            if name == "class":
                known = {"table", "code-block", "image-link", *CLASSES.values()}
                assert value in known or value.startswith("language-")
            if name in {"tabindex", "role", "aria-label"}:
                assert re.fullmatch(r"0|region|(Code|Table) \d+ of the documentation", value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        pytest.fail("a comment came through")


def check(html: str) -> None:
    checker = _Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []


@pytest.mark.parametrize("card", HOSTILE)
def test_hostile_cards_are_harmless(card):
    check(render_card(card))
    check(render_card(f"Some text {card} more\n\n* {card}\n\n> {card}"))


@given(st.text(max_size=300))
def test_any_text_is_harmless(text):
    check(render_card(text))


PIECES = [*"<>\"'`\n|-/#", "![", "](", ")", "<!--", "-->", "script", "img src=x", " onerror="]
PIECES += ["javascript:", " href=", "<a", "</", "svg", "style", "&#x6a;"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_mixture_of_pieces_is_harmless(text):
    check(render_card(text))


def test_images_are_links_not_requests():
    html = render_card('![A cat](https://x.example/cat.png) <img src="https://x.example/dog.png" width=5>')
    assert "<img" not in html
    assert '<a href="https://x.example/cat.png" rel="nofollow noopener noreferrer">A cat</a>' in html
    assert ">dog.png</a>" in html


def test_links_to_tfhub_dev_stay_on_this_hub():
    html = render_card(
        "[x](https://tfhub.dev/google/elmo/3) [y](https://tfhub.dev/google/collections/bert/1)"
    )
    assert 'href="/google/elmo/3"' in html
    assert 'href="/google/collection/bert/1"' in html


def test_ordinary_markdown():
    html = render_card(
        "## Usage\n\n`x` **b** x<sup>2</sup>\n\n|a|b|\n|:-|-:|\n|1|2|\n\n```python\n1 < 2\n```\n"
    )
    assert '<h3 id="card-usage">Usage</h3>' in html
    assert "x<sup>2</sup>" in html
    assert '<td data-align="right">2</td>' in html
    assert (
        '<div class="code-block"><pre tabindex="0" role="region" aria-label="Code 1 of the documentation">'
        '<code class="language-python"><span class="n">1</span> &lt; <span class="n">2</span>\n</code>'
    ) in html


def test_scrollable_areas_have_their_own_name():
    html = render_card(
        "```\na\n```\n\n    b\n\n|a|b|\n|-|-|\n|1|2|\n\n<table><tr><td>x</td></tr>\n</table>\n\n"
        '<pre tabindex="3" role="alert" aria-label="Enter your password">x</pre>'
    )
    names = re.findall('tabindex="0" role="region" aria-label="([^"]*)"', html)
    assert names == [f"{what} {n} of the documentation" for what in ("Code", "Table") for n in (1, 2)]
    assert html.count('<div class="table"') == html.count("</table></div>") == 2
    assert "<pre>x</pre>" in html


def test_code_is_coloured_up_to_a_bound():
    html = render_card("```python\nx = 1\n```\n\n" * 10_000)
    assert 100 < html.count('<span class="n">') < 4_000


def test_comments_and_deep_nesting_and_length_do_no_harm():
    assert "secret" not in render_card("a <!-- secret --> b <!-- secret")
    check(render_card(">" * 5000 + "x"))
    check(render_card("[" * 20_000))
    check(render_card("*a " * 50_000))
    assert len(render_card("word " * 200_000)) < 500_000


def test_plain_text_is_cut_at_a_word():
    assert plain_text("one two three four", 10) == "one two …"
    assert plain_text("<b>x</b> & <script>y</script>") == "x &"


@pytest.mark.parametrize("piece", ["<script", "<", "<img ", "<style "])
@pytest.mark.parametrize("start", ["# ", "<div\n", "text "])
def test_a_card_full_of_unclosed_elements_is_rendered_in_time(start, piece):
    began = time.process_time()
    render_card(start + piece * (30_000 // len(piece)))
    assert time.process_time() - began < 5, "the time grows with the square of the length"


SLOW = {
    "brackets": "[",
    "images": "![[",
    "nested links": "[a",
    "unfinished links": "[a](",
    "rows": "|x|y|\n",
    "stars": "*a ",
    "quotes": ">",
    "lists": "- ",
    "elements": "<a ",
    "headings": "# a\n",
    "paragraphs": "a\n\n",
}


@pytest.mark.parametrize("name", [*SLOW, "wide tables"])
def test_no_card_takes_long(name):
    if name == "wide tables":
        text = f"{'|a' * 300}|\n{'|-' * 300}|\n" + "|\n" * 200_000
    else:
        text = "|a|b|\n|-|-|\n" * (name == "rows") + SLOW[name] * 200_000
    start = time.process_time()
    check(render_card(text))
    assert time.process_time() - start < 4  # about 1 s where nothing else runs


def test_links_and_tables_of_large_cards_stay():
    row = "|[a](https://a.example)|b|\n"
    html = render_card("|x|y|\n|-|-|\n" + row * 2000)
    assert html.count("<td>") == 4000
    assert html.count("<a href") == 2000
