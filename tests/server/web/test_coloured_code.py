from __future__ import annotations

import html
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.server.web.coloured_code import _LANGUAGES, LONGEST, _coloured, coloured

LEXERS = sorted(set(_LANGUAGES.values()))


def plain(shown):
    return html.unescape(re.sub(r'</span>|<span class="[cfkns]">', "", shown))


def test_words_of_a_program_have_classes():
    shown = coloured('# Load\nimport x as y\n@once\ndef run(): return print("a<b", 1.5)', "python")
    for kind, word in [
        ("c", "# Load"),
        ("k", "import"),
        ("f", "run"),
        ("s", "&quot;a&lt;b&quot;"),
        ("n", "1.5"),
    ]:
        assert f'<span class="{kind}">{word}</span>' in shown


def test_other_languages_and_long_code_are_shown_as_they_are():
    for language in ("", "cobol", "java", "../python"):
        assert coloured("x = 1 < 2", language) == "x = 1 &lt; 2"
    assert "<span" not in coloured("x = 1\n" * LONGEST, "python")


@pytest.mark.parametrize("language", LEXERS)
@given(text=st.text(st.sampled_from("\"'`\\\n\t @#$%&<>{}[]()=/*-a0_é"), max_size=200))
def test_the_code_is_not_changed(language, text):
    shown = coloured(text, language)
    assert plain(shown) == text
    assert "<" not in re.sub(r'</span>|<span class="[cfkns]">', "", shown)


PIECES = [
    '"""',
    '"',
    "\\",
    "a",
    "0",
    "-",
    "#",
    "$(",
    "`",
    "/*",
    "//",
    "\n",
    " ",
    "@",
    "f{",
    "<<E\n",
    "|",
    "&",
    "@a{",
]


@pytest.mark.parametrize("language", LEXERS)
def test_no_code_takes_long(language):
    began = time.process_time()
    for piece in PIECES:
        for after in ("", "a", " ", '"', "\n"):
            once = piece + after
            _coloured(once * (LONGEST // len(once)), language)
    average = (time.process_time() - began) / (5 * len(PIECES))
    assert average < 0.5, f"{average:.2f} s for {LONGEST} characters"
