"""Programs for SavedModels, from descriptions; server/web/test_snippets.py runs those that can be run."""

from __future__ import annotations

import ast

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
