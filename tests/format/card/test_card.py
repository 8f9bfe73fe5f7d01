"""Cards: parsed as tfhub.dev's were, every broken rule with its line and what to do."""

from __future__ import annotations

import collections
import dataclasses
import time
from pathlib import Path

import pytest
from catalogues import tfhub_documents
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.errors import CardError
from tensorflow_hub.format.card.rules import check_card, check_text
from tensorflow_hub.format.card.syntax import parse_card
from tensorflow_hub.format.description import describe

CARD = """\
# Module acme/words/1

Embeds words
in 100 dimensions.

<!-- task: text-embedding -->
<!-- language: en -->
<!-- language: de -->
<!-- fine-tunable: true --> <!-- format: saved_model_2 -->
<!-- colab: https://colab.research.google.com/x
-->
<!-- a comment for people -->

## Overview

Text <!-- task: not-a-field -->

<!-- task: neither -->
"""


def test_a_card():
    card = parse_card(CARD)
    assert (card.kind, card.name, card.publisher) == ("module", "acme/words/1", "acme")
    assert card.model_name.version == 1
    assert card.description == "Embeds words in 100 dimensions."
    assert card.metadata == {
        "task": ("text-embedding",),
        "language": ("en", "de"),
        "fine-tunable": ("true",),
        "format": ("saved_model_2",),
        "colab": ("https://colab.research.google.com/x",),
    }
    assert card.body.startswith("## Overview")
    assert card.body.endswith("<!-- task: neither -->")
    assert card.lines["language"] == (7, 8)
    assert card.body_line == 14
    assert check_card(card) == ()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ends_of_lines_and_encodings_do_not_matter(end):
    text = CARD.replace("\n", end)
    assert parse_card(b"\xef\xbb\xbf" + text.encode()) == parse_card(CARD)


def test_an_invisible_character_in_a_name_is_dropped():
    assert parse_card("# Module vtab/&zwnj;jigsaw/1\nText.").name == "vtab/jigsaw/1"


def test_an_older_name_of_a_field():
    assert parse_card("# Module a/b/1\nText.\n<!-- module-type: image-rnn -->").metadata == {
        "task": ("image-rnn",)
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Line 1: expected a title such as '# Module acme/text-embedding/1', got ''"),
        ("\n\nModule a/b/1\n", "Line 3: expected a title such as"),
        ("# Model a/b/1\nText", "Line 1: expected a title such as .*, got '# Model a/b/1'"),
        ("# Module a/b\nText", "Line 1: expected a version at the end of the name, got 'a/b'"),
        ("# Module ../b/1\nText", "Line 1: expected a name of the form publisher/model/version"),
        ("# Publisher a/b\nText", "Line 1: expected a publisher's name, got 'a/b'"),
        (
            "# Module a/b/1\n\n## Overview",
            "Line 2: expected a paragraph of description after the title, got none",
        ),
        (
            "# Module a/b/1\nText\n<!-- task: x\n",
            "Line 3: expected '-->' at the end of the comment, got none",
        ),
        (b"# Module a/b/1\nText \xff\xfe", r"Line 2: expected text in UTF-8, got b'\\xff\\xfe'"),
        ("# Module a/b/1\n" + "x" * (1 << 20), "Line 1: expected a card of at most 1,048,576 bytes"),
    ],
)
def test_something_that_is_not_a_card(text, sentence):
    with pytest.raises(CardError, match=sentence) as error:
        parse_card(text)
    card, [problem] = check_text(text)
    assert card is None
    assert problem.severity == "error"
    assert problem.hint == error.value.hint
    assert f"Line {problem.line}:" in error.value.problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "<!-- task: text-embeding -->",
            "line 4: warning: 'text-embeding' is not a known task. Did you mean 'text-embedding'?",
        ),
        (
            "<!-- langage: en -->",
            "line 4: warning: The field 'langage' is unknown. Did you mean 'language'?",
        ),
        (
            "<!-- fine-tunable: yes -->",
            "line 4: error: Expected 'true' or 'false' for 'fine-tunable', got 'yes'. Write one of the two.",
        ),
        (
            "<!-- format: tf2 -->",
            "line 4: error: Expected one of hub, saved_model, saved_model_2 for 'format', got 'tf2'.",
        ),
        (
            "<!-- format: hub -->\n<!-- format: hub -->",
            "line 5: error: Expected the field 'format' once, got it 2 times. Keep one of the lines.",
        ),
        (
            "<!-- demo: javascript:alert(1) -->",
            "line 4: error: Expected a URL for 'demo', got 'javascript:alert(1)'. Begin it with https://.",
        ),
        (
            "<!-- colab: https://evil.example/x -->",
            "Expected a URL at colab.research.google.com for 'colab', got 'https://evil.example/x'.",
        ),
        (
            "<!-- license: -->",
            "line 4: error: Expected a value of 1 to 1,000 characters for 'license', got 0.",
        ),
    ],
)
def test_rules(line, problem):
    card = parse_card(f"# Module a/b/1\nText.\n\n{line}\n")
    assert any(problem in str(found) for found in check_card(card))


@pytest.mark.parametrize("origin", ["a/b/1", "https://hub.example/a/b/1", "kaggle://a/b/c/d"])
def test_a_module_of_any_source_is_an_origin(origin):
    fields = f"<!-- task: text-embedding -->\n<!-- derived-from: {origin} -->"
    assert check_card(parse_card(f"# Module a/c/1\nText.\n{fields}")) == ()


def test_a_broken_parent():
    [problem] = check_card(parse_card("# Lite a/b/1\nText.\n<!-- parent-model: nonsense -->"))
    assert problem.problem == "Expected a handle for 'parent-model', got 'nonsense'."


def test_what_should_be_there():
    assert [p.problem for p in check_card(parse_card("# Module a/b/1\nText."))] == ["The card has no task."]
    assert [p.problem for p in check_card(parse_card("# Tfjs a/b/1\nText."))] == [
        "The card does not name the model that this is a deployment of."
    ]
    assert check_card(parse_card("# Publisher a\nA company.")) == ()


def test_a_card_and_its_module_have_to_agree():
    module = describe(Path(__file__).parents[2] / "data/tf1_modules/05_text_embedding/module")
    [problem] = check_card(parse_card(CARD), module)
    assert (
        problem.problem
        == "The card has the format 'saved_model_2', but the files are a module of format 'hub'."
    )
    frozen = dataclasses.replace(module, kind="saved_model_2", fine_tunable=False)
    [problem] = check_card(parse_card(CARD), frozen)
    assert (problem.line, problem.severity) == (9, "warning")


@given(st.text(max_size=300), st.sampled_from(["", "# Module a/b/1\n", "# Module a/b/1\nText.\n<!-- "]))
def test_any_text_parses_or_is_refused(text, start):
    card, problems = check_text(start + text)
    assert card is not None or problems


def test_the_catalogue_of_tfhub_dev_parses(tmp_path):
    catalogue = tfhub_documents(tmp_path)
    kinds = collections.Counter()
    errors = []
    warnings = collections.Counter()
    for path in sorted(catalogue.rglob("*.md")):
        card, problems = check_text(path.read_bytes())
        kinds[card.kind if card else "broken"] += 1
        errors += [(path.name, str(problem)) for problem in problems if problem.severity == "error"]
        warnings.update(problem.problem for problem in problems if problem.severity == "warning")
    print(kinds, warnings.most_common(20), errors, sep="\n")
    assert kinds.total() > 2800
    assert not errors


@pytest.mark.parametrize(
    "head",
    [
        "Embeds.\n\n<!-- task: x" + " " * 200_000 + "y -->\n",
        "<!--\n" * 100_000 + "--> x\n",
        "word\n" * 100_000,
    ],
    ids=["blanks in a value", "comments that are text", "a long paragraph"],
)
def test_a_hostile_head_is_read_in_time(head):
    began = time.process_time()
    parse_card("# Module acme/words/1\n" + head)
    assert time.process_time() - began < 5, "the time grows with the square of the length"
