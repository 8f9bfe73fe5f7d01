"""Text encoders in two parts: the first takes strings, the second what the first gives."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
from tests_tools import reviews_rows

import tensorflow_hub as hub
from tensorflow_hub.cli.main import main
from tensorflow_hub.errors import ModuleError

INPUTS = {
    "ids": tf.TensorSpec([None, None], tf.int32, "ids"),
    "mask": tf.TensorSpec([None, None], tf.int32, "mask"),
}


class Preprocessor(tf.Module):
    """Strings [b] → ids and mask, int32 [b, words]."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        words = tf.strings.split(texts)
        ids = tf.cast(tf.strings.to_hash_bucket_fast(words, 200), tf.int32).to_tensor()
        return {"ids": ids, "mask": tf.cast(tf.sequence_mask(words.row_lengths()), tf.int32)}


class Encoder(tf.Module):
    """Ids and mask → float32 [b, 16], the mean of the words' vectors, and an output for each word."""

    def __init__(self):
        super().__init__()
        self.table = tf.Variable(np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32))

    @tf.function(input_signature=[INPUTS])
    def __call__(self, inputs):
        words = tf.gather(self.table, inputs["ids"]) * tf.cast(inputs["mask"], tf.float32)[..., None]
        count = tf.maximum(tf.reduce_sum(inputs["mask"], axis=1, keepdims=True), 1)
        mean = tf.reduce_sum(words, axis=1) / tf.cast(count, tf.float32)
        return {"pooled_output": mean, "sequence_output": words}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    tf.saved_model.save(Preprocessor(), str(folder / "first"))
    tf.saved_model.save(Encoder(), str(folder / "encoder"))
    return str(folder / "first"), str(folder / "encoder")


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


def test_comparing_names_the_other_part(parts, reviews, text_module, capsys):
    first, encoder = parts
    pair = f"{encoder}={first}"
    main(
        [
            "compare",
            encoder,
            text_module,
            "--data",
            str(reviews),
            "--preprocessor",
            pair,
            "--no-cache",
            "--json",
        ]
    )
    measured = json.loads(capsys.readouterr().out)["modules"]
    assert [entry["dimension"] for entry in measured] == [16, 24]


def test_without_the_first_part_it_is_named(parts, reviews, tmp_path):
    with pytest.raises(ModuleError, match=r"to take texts.* it takes int32") as refused:
        hub.tools.retrain_text(reviews, parts[1], tmp_path / "m", cache=False)
    assert "--preprocessor" in refused.value.hint
