"""Text encoders in two parts: the first takes strings, the second what the first gives."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tool_data import reviews_rows

import tensorflow_hub as hub
from tensorflow_hub.errors import ModuleError


@pytest.fixture(scope="module")
def expected(parts):
    first, encoder = map(hub.load, parts)
    return lambda texts: encoder(first(tf.constant(texts)))["pooled_output"].numpy()


def test_a_classifier_takes_strings(parts, reviews, tmp_path):
    first, encoder = parts
    outcome = hub.tools.retrain_text(reviews, encoder, tmp_path / "m", preprocessor=first, cache=False)
    assert outcome.accuracy.value > 0.7
    labelled = list(hub.tools.Labeller(tmp_path / "m").texts([text for text, _ in reviews_rows(20)]))
    assert sum(item.label == label for item, (_, label) in zip(labelled, reviews_rows(20), strict=True)) > 14
    assert f"`{encoder}` after `{first}`" in (tmp_path / "m" / "card.md").read_text()


def test_neighbours_are_found_by_both_parts(parts, expected, tmp_path):
    first, encoder = parts
    texts = [text for text, _ in reviews_rows(30)]
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts))
    hub.tools.build_neighbours(encoder, tmp_path / "texts.txt", tmp_path / "index", preprocessor=first)
    (found,) = hub.tools.Finder(tmp_path / "index").texts([texts[7]], k=3)
    vectors = expected(texts)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = np.sort(vectors @ vectors[7])[::-1]
    np.testing.assert_allclose([item.cosine for item in found], cosines[:3], atol=1e-5)


def test_without_the_first_part_it_is_named(parts, reviews, tmp_path):
    with pytest.raises(ModuleError, match=r"to take texts.* it takes int32") as refused:
        hub.tools.retrain_text(reviews, parts[1], tmp_path / "m", cache=False)
    assert "--preprocessor" in refused.value.hint
