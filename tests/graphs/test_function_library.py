"""Loops and branches live in functions today: modules with them load, train and do not mix."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub

pytestmark = [pytest.mark.tf1, pytest.mark.keras]


def export_loop(path, factor: float) -> str:
    """A module that multiplies three times in a loop, and negates what a branch chooses."""

    def module_fn():
        x = tf.compat.v1.placeholder(tf.float32, [None])
        w = tf.compat.v1.get_variable("w", [], initializer=tf.compat.v1.ones_initializer())
        _, y = tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * factor * w), (0, x))
        hub.add_signature(inputs=x, outputs=tf.cond(tf.reduce_sum(x) > 0, lambda: y, lambda: -y))

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run(tf.compat.v1.global_variables_initializer())
        module.export(str(path), session)
    return str(path)


def test_a_loop_and_a_branch_run_and_have_gradients(tmp_path):
    module = hub.load(export_loop(tmp_path / "m", 2.0))
    np.testing.assert_allclose(module(tf.constant([1.0, 2.0])), [8.0, 16.0])
    np.testing.assert_allclose(module(tf.constant([-1.0])), [8.0])
    (weight,) = module.trainable_variables
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(module(x, training=True))
    by_weight, by_input = tape.gradient(total, [weight, x])
    np.testing.assert_allclose(by_weight, 3 * 24.0)
    np.testing.assert_allclose(by_input, [8.0, 8.0])


def test_functions_of_equal_names_in_two_modules_do_not_mix(tmp_path):
    doubles, triples = (hub.load(export_loop(tmp_path / str(f), f)) for f in (2.0, 3.0))
    np.testing.assert_allclose(doubles(tf.constant([1.0])), [8.0])
    np.testing.assert_allclose(triples(tf.constant([1.0])), [27.0])
    np.testing.assert_allclose(doubles(tf.constant([1.0])), [8.0])
