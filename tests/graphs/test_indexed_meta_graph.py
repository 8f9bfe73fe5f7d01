"""What a part of a graph needs, and what stays out of it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tensorflow_hub.format.module.default_signature import default_signature
from tensorflow_hub.graphs.importing import import_subgraph, imported_element
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tests.support.module_fns import export, run

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1


def indexed(build):
    with tf.Graph().as_default() as graph:
        build()
        return IndexedMetaGraph.of(v1.train.export_meta_graph(graph=graph))


def evaluate(index, fetch, feeds):
    """The tensor `fetch` of a subgraph, for values of the tensors in `feeds`."""

    @tf.function(autograph=False)
    def function():
        given = {name: tf.constant(value) for name, value in feeds.items()}
        return imported_element(import_subgraph(index.subgraph([fetch], given), given), fetch, given)

    return function().numpy()


def test_what_is_not_on_the_way_stays_out():
    def build():
        x = v1.placeholder(tf.float32, [], name="x")
        y = tf.multiply(x, 2.0, name="y")
        tf.add(y, 1.0, name="z")

    index = indexed(build)
    assert index.needed(["y"]) == {"x", "y", "y/y"}
    assert index.needed(["z:0"], given=["y:0"]) == {"z", "z/y"}
    assert index.needed(["y:0"], given=["y:0"]) == set()
    assert evaluate(index, "z:0", {"y:0": 3.0}) == 4.0


def test_of_a_node_with_several_outputs_one_may_be_given():
    def build():
        x = v1.placeholder(tf.float32, [2], name="x")
        first, second = tf.split(x, 2, name="halves")
        tf.add(first, second, name="sum")

    index = indexed(build)
    given = {"halves:0": np.float32([10.0]), "x:0": np.float32([1.0, 2.0])}
    assert "halves" in index.needed(["sum"], given)
    assert evaluate(index, "sum:0", given) == [12.0]


def test_control_dependencies_on_what_is_given_are_met():
    def build():
        x = v1.placeholder(tf.float32, [], name="x")
        other = v1.placeholder(tf.float32, [], name="other")
        with tf.control_dependencies([x, tf.identity(other, name="checked")]):
            tf.multiply(x, 2.0, name="y")

    index = indexed(build)
    assert {"checked", "other"} <= index.needed(["y"], ["x:0"])
    assert "x" not in index.needed(["y"], ["x:0"])
    assert not any(i.startswith("^") for n in index.graph_def({"y", "y/y"}).node for i in n.input)
    assert evaluate(index, "y:0", {"x:0": 3.0, "checked:0": 0.0}) == 6.0


def test_colocated_nodes_are_needed_where_that_is_requested():
    def build():
        anchor = tf.constant(1.0, name="anchor")
        with v1.colocate_with(anchor):
            tf.constant(2.0, name="beside")

    index = indexed(build)
    assert index.needed(["beside"]) == {"beside"}
    assert index.needed(["beside"], with_colocated=True) == {"beside", "anchor"}


def test_only_functions_that_are_called_come_along():
    def build():
        square, cube = (tf.function(lambda x, n=n: x**n, autograph=False) for n in (2.0, 3.0))
        x = v1.placeholder(tf.float32, [], name="x")
        tf.identity(square(x), name="square")
        tf.identity(cube(x), name="cube")

    index = indexed(build)
    assert len(index.subgraph(["square"], ["x:0"]).graph_def.library.function) == 1
    assert evaluate(index, "square:0", {"x:0": 3.0}) == 9.0
    assert evaluate(index, "cube:0", {"x:0": 3.0}) == 27.0


@pytest.mark.parametrize("use", ["Module", "wrap_function"])
def test_modules_with_functions_of_one_name_are_used_together(tmp_path, use):
    """Two programs export functions that TensorFlow gives one name."""

    def path(factor):
        def module_fn():
            x = v1.placeholder(tf.float32, [])
            _, y = tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * factor), (0, x))
            hub.add_signature(inputs=x, outputs=y)

        return str(export(hub.create_module_spec(module_fn), tmp_path / str(factor)))

    paths = [path(2.0), path(3.0)]

    def apply():
        return [hub.Module(path)(1.0) for path in paths]

    if use == "Module":
        with tf.Graph().as_default():
            values = run(apply())
    else:
        values = [value.numpy() for value in v1.wrap_function(apply, [])()]
    assert values == [8, 27]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["serving_default", "default"], "default"),
        (["x", "serving_default"], "serving_default"),
        (["x"], "x"),
        (["x", "y"], None),
        ([], None),
    ],
)
def test_the_signature_that_is_meant_when_none_is_named(names, expected):
    assert default_signature(names) == expected
