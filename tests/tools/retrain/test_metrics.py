from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorflow_hub.tools.retrain.metrics import Share, evaluate


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(hits, trials, low, high):
    assert Share(hits, trials).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share(hits, trials):
    share = Share(min(hits, trials), trials)
    low, high = share.interval
    assert 0 <= low <= share.value + 1e-12
    assert share.value - 1e-12 <= high <= 1


def test_confusions_and_the_order_of_mistakes():
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.7, 0.3]], np.float32)
    truth = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    found = evaluate(scores, truth, ["a", "b"], multi_label=False)
    assert found.accuracy == Share(1, 4)
    assert found.confusion.tolist() == [[1, 2], [1, 0]]
    assert found.mistakes == (2, 3, 1)
    assert found.classes[0].recall == Share(1, 3)
    assert found.classes[0].precision == Share(1, 2)


def test_multi_label_counts_an_example_only_when_all_labels_are_right():
    scores = np.array([[0.9, 0.9], [0.9, 0.1]], np.float32)
    truth = np.array([[1, 1], [1, 1]], np.float32)
    found = evaluate(scores, truth, ["a", "b"], multi_label=True)
    assert found.accuracy == Share(1, 2)
    assert found.confusion is None
    assert found.classes[1].recall == Share(1, 2)


def test_an_empty_list_of_examples_is_allowed():
    empty = np.zeros((0, 2), np.float32)
    assert str(evaluate(empty, empty, ["a", "b"], multi_label=False).accuracy) == "no examples"
