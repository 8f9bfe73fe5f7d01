"""Programs for SavedModels, from descriptions; server/web/test_snippets.py runs those that can be run."""

from __future__ import annotations

import ast

import pytest

from tensorflow_hub.format.description import describe
from tensorflow_hub.format.kinds.saved_model_code import snippets

NUMBERS = {"dtype": "float32", "shape": [None], "kind": "dense"}
RESULT = {"arguments": [NUMBERS], "keywords": {}, "result": NUMBERS}


def programs(**description):
    return [snippet.code for snippet in snippets("http://hub/a/b/1", "saved_model_2", description)]


def function(*arguments, names=(), **keywords):
    trace = {"arguments": list(arguments), "keywords": keywords, "result": NUMBERS}
    return {"name": "__call__", "traces": [trace], "argument_names": list(names)}


def test_options_are_passed_by_name_where_the_names_are_known():
    both = {"dtype": "bool", "shape": [], "kind": "dense"}
    for given, known, shown in (
        ([NUMBERS, False], ["inputs", "training"], "training=False)"),
        ([NUMBERS, False, NUMBERS], ["inputs", "training", "mask"], "training=False, mask=tf.zeros([1])"),
        ([NUMBERS, both], ["inputs", "training"], "training=tf.constant(False))"),
        ([NUMBERS, False], [], "tf.zeros([16000]), False)"),
        ([NUMBERS, False], ["inputs"], "tf.zeros([16000]), False)"),
        ([NUMBERS, float("inf")], ["inputs", "most"], 'most=float("inf"))'),
    ):
        load, layer = programs(functions=[function(*given, names=known)])
        assert shown in load
        ast.parse(load)
        ast.parse(layer)


def test_names_that_python_does_not_take_enter_no_program():
    hostile = "x=1)\nimport os; os.system('true'); (y"
    for name in (hostile, "class", "a b"):
        load, layer = programs(functions=[function(**{name: NUMBERS})])
        assert "outputs" not in load
        ast.parse(load)
        [imports] = [
            node
            for node in ast.walk(ast.parse(layer))
            if isinstance(node, ast.Import) and node.names[0].asname == "hub"
        ]
        assert imports
        assert not any(
            isinstance(node, ast.Attribute) and node.attr == "system" for node in ast.walk(ast.parse(layer))
        )


def test_ops_that_no_known_package_brings_are_told_in_a_comment():
    load, _ = programs(functions=[function(NUMBERS)], custom_ops=["Mine\nimport os", "CaseFoldUTF8"])
    assert '# Import the package that defines the op "Mine\\nimport os" here.' in load.splitlines()
    known, _ = programs(functions=[function(NUMBERS)], custom_ops=["CaseFoldUTF8"])
    assert "#" not in known


@pytest.mark.parametrize("names", [("class",), ("1st", "class"), ("a b", "_x")])
def test_programs_call_signatures_of_tensorflow_1_whose_inputs_have_other_names(names, tmp_path):
    import tensorflow as tf

    path = str(tmp_path / "module")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs = {
            name: tf.compat.v1.placeholder(tf.float32, [None], f"input_{i}") for i, name in enumerate(names)
        }
        signature = tf.compat.v1.saved_model.predict_signature_def(inputs, {"d": sum(inputs.values())})
        builder = tf.compat.v1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    [load] = snippets(path, "saved_model", describe(path).to_dict())
    namespace = {}
    exec(load.code, namespace)
    assert set(namespace["outputs"]) == {"d"}
