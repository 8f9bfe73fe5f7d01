"""The properties of a version on its page."""

from __future__ import annotations

from tensorflow_hub.format.card.rules import check_card
from tensorflow_hub.format.card.syntax import parse_card
from tensorflow_hub.format.card.vocabulary import FIELDS, Field
from tensorflow_hub.server.catalogue.records import VISIBLE, Model, Version
from tensorflow_hub.server.web.property_groups import Property, property_groups

VERSION = Version(
    1, Model(1, "acme", False, "words", "acme/words", "module", 1, 0, 0, 0), 1, VISIBLE, "", None, 0, "ann"
)


def links_of(text):
    card = parse_card(f"# Module acme/words/1\nEmbeds words.\n\n<!-- task: text-embedding -->\n{text}\n")
    assert check_card(card) == ()
    groups = property_groups(VERSION, card.metadata, [], [])
    return [link for group in groups if group.title == "Try it" for link in group.properties]


def test_links_of_a_card_are_shown_with_the_last_part_of_their_url():
    colab, demo = "https://colab.research.google.com/a/words.ipynb", "http://demo.example/"
    assert links_of(f"<!-- demo: {demo} -->\n<!-- colab: {colab} -->") == [
        Property("Notebook", "words.ipynb", url=colab, external=True),
        Property("Demo", demo, url=demo, external=True),
    ]


def test_a_new_field_with_links_takes_one_row(monkeypatch):
    monkeypatch.setitem(FIELDS, "video", Field("url", repeats=True, link="Video"))
    urls = ["https://video.example/one", "https://video.example/two"]
    shown = links_of("\n".join(f"<!-- video: {url} -->" for url in urls))
    assert [(link.label, link.text, link.url) for link in shown] == [
        ("Video", "one", urls[0]),
        ("Video", "two", urls[1]),
    ]
