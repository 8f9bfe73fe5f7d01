"""The head is the exact solution of a convex problem."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.tools.retrain.head import Examples, fit
from tensorflow_hub.tools.retrain.lbfgs import minimise


def one_hot(labels, classes):
    return np.eye(classes, dtype=np.float32)[labels]


def clusters(count, classes=3, dimension=8, seed=0, spread=1.5):
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, dimension))
    labels = random.integers(0, classes, count)
    features = (centres[labels] + spread * random.normal(size=(count, dimension))).astype(np.float32)
    return Examples(features, one_hot(labels, classes), np.ones(count, np.float32))


@given(st.integers(0, 2**31), st.integers(1, 12))
@settings(max_examples=30)
def test_lbfgs_finds_the_minimum_of_any_convex_quadratic(seed, size):
    random = np.random.default_rng(seed)
    root = random.normal(size=(size, size))
    matrix, centre = root @ root.T + 0.1 * np.eye(size), random.normal(size=size)

    def objective(x):
        return float((x - centre) @ matrix @ (x - centre)), 2 * matrix @ (x - centre)

    *_, (point, _) = minimise(objective, np.zeros(size), tolerance=1e-8)
    np.testing.assert_allclose(point, centre, atol=1e-5)


def test_lbfgs_never_goes_up():
    values = [v for _, v in minimise(lambda x: (float(np.sum(x**4)), 4 * x**3), np.array([3.0, -2.0]))]
    assert all(b <= a for a, b in itertools.pairwise(values))


def test_the_gradient_vanishes_at_the_solution():
    train = clusters(200)
    solved = fit(train, None, penalty=0.01)
    probabilities = solved.head.probabilities(train.features)
    # Where the penalty is not: the bias. Its gradient is the mean error by class.
    assert np.abs((probabilities - train.targets).mean(axis=0)).max() < 1e-3


def test_the_penalty_is_chosen_on_the_validation_examples():
    train, validation = clusters(40, seed=1, spread=4), clusters(400, seed=2, spread=4)
    chosen = fit(train, validation)
    loose = fit(train, validation, penalty=1e-6)
    assert chosen.penalty > 1e-6
    assert validation_loss(chosen, validation) < validation_loss(loose, validation)


def validation_loss(solved, examples):
    scores = solved.head.probabilities(examples.features)
    return -np.log((scores * examples.targets).sum(axis=1)).mean()


def test_shifted_and_scaled_features_give_the_same_answers():
    train = clusters(150)
    moved = Examples(train.features * 1000 + 5000, train.targets, train.weights)
    plain, other = fit(train, None, penalty=0.01), fit(moved, None, penalty=0.01)
    np.testing.assert_allclose(
        plain.head.probabilities(train.features), other.head.probabilities(moved.features), atol=5e-3
    )


def test_fewer_examples_than_features_give_the_solution_of_the_whole_problem():
    """Every example twice is the same problem, but one that is not reduced."""
    random = np.random.default_rng(5)
    few = clusters(30, dimension=40)
    twice = Examples(*(np.concatenate([part, part]) for part in (few.features, few.targets, few.weights)))
    assert len(few.features) < 40 < len(twice.features)
    unseen = random.normal(size=(50, 40)).astype(np.float32)
    reduced, whole = (fit(examples, None, penalty=0.01).head for examples in (few, twice))
    np.testing.assert_allclose(reduced.weights, whole.weights, atol=2e-3)
    np.testing.assert_allclose(reduced.probabilities(unseen), whole.probabilities(unseen), atol=5e-3)


def test_multi_label_heads_give_independent_probabilities():
    train = clusters(300)
    both = train.targets.copy()
    both[:, 0] = 1  # everything is also of the first class
    solved = fit(Examples(train.features, both, train.weights), None, penalty=0.001, multi_label=True)
    scores = solved.head.probabilities(train.features)
    assert scores[:, 0].min() > 0.9
    assert scores.sum(axis=1).mean() > 1.4


def test_the_curve_of_multi_label_data_counts_examples_whose_labels_are_all_right():
    train = clusters(300)
    random = np.random.default_rng(3)
    noise = random.integers(0, 2, train.targets.shape).astype(np.float32)  # not to be foretold
    solved = fit(train, Examples(train.features, noise, train.weights), multi_label=True)
    assert solved.curve
    for step in solved.curve:
        assert step.validation_accuracy < 0.4, "about half of the single labels are right"


@pytest.mark.parametrize("classes", [2, 5])
def test_constant_features_give_the_shares_of_the_classes(classes):
    labels = np.arange(100) % classes
    train = Examples(np.ones((100, 3), np.float32), one_hot(labels, classes), np.ones(100, np.float32))
    scores = fit(train, None).head.probabilities(train.features)
    np.testing.assert_allclose(scores, 1 / classes, atol=1e-3)
