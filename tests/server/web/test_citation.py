from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.server.catalogue.records import DOCUMENTED, VISIBLE, Model, Publisher, Version
from tensorflow_hub.server.web.citation import bibtex

MODEL = Model(1, "acme", False, "50%_words", "acme/50%_words", "module", 2, 0, 0, 0)
VERSION = Version(1, MODEL, 2, VISIBLE, "", None, 1_780_000_000, "somebody")
ACME = Publisher(1, "acme", "Acme {Research} & Sons", "", "", False, 0)
URL = "https://hub.example/acme/words/2"
ENTRY = "@inproceedings{a:2020,\n  title = {On {Words} and \\} signs},\n  year = 2020\n}"


def test_entries_of_a_card_are_taken_whole():
    card = f"# Module x\n\n```\n{ENTRY}\n```\nSee also @misc{{b, title={{B}}}} and {ENTRY}."
    assert bibtex(card, VERSION, ACME, URL) == f"{ENTRY}\n\n@misc{{b, title={{B}}}}"


@pytest.mark.parametrize("card", ["", "@string{a, b}", "@misc{a, {", "@misc {no key}", "me@misc.org {x, y}"])
def test_without_an_entry_one_is_made(card):
    assert bibtex(card, VERSION, ACME, URL) == (
        "@misc{acme_50_words_2,\n"
        "  title = {acme/50\\%\\_words, version 2},\n"
        "  author = {{Acme \\{Research\\} \\& Sons}},\n"
        "  year = {2026},\n"
        "  howpublished = {\\url{https://hub.example/acme/words/2}},\n"
        "}"
    )


def test_an_unknown_year_is_left_out():
    imported = Version(1, MODEL, 2, VISIBLE, "", None, 1_780_000_000, DOCUMENTED)
    assert "year" not in bibtex("", imported, ACME, URL)


@given(st.lists(st.sampled_from(["@misc{a,", "{", "}", "\\", "x", "\n"]), max_size=60).map("".join))
def test_braces_are_balanced_whatever_the_card_says(card):
    text = bibtex(card, VERSION, ACME, URL).replace("\\\\", "").replace("\\{", "").replace("\\}", "")
    assert text.count("{") == text.count("}")


def test_no_card_takes_long():
    began = time.process_time()
    for piece in ("@misc{a,", "@misc{", "@misc ", "@", "{", "\\", "@misc{a,}"):
        bibtex(piece * (100_000 // len(piece)), VERSION, ACME, URL)
    assert time.process_time() - began < 2
