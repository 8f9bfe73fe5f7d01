from __future__ import annotations

from hub_content import module

from tensorflow_hub.format.description import describe
from tensorflow_hub.server.search.signatures import matches, parse_interface
from tensorflow_hub.server.search.typed_facts import signatures_of, typed_facts

TENSOR = {"dtype": "string", "shape": [None], "kind": "dense"}
VECTOR = {"dtype": "float32", "shape": [None, 512], "kind": "dense"}
SIGNATURE = {"name": "s", "inputs": {"a b:0": TENSOR}, "outputs": {"o": VECTOR}}
TRACE = {"arguments": [TENSOR, False], "keywords": {}, "result": {"default": VECTOR}}
DESCRIPTION = {
    "kind": "saved_model_2",
    "variants": [{"tags": ["serve"], "signatures": [SIGNATURE]}],
    "functions": [{"name": "__call__", "traces": [TRACE]}],
    "variables": {"count": 1, "parameters": 5, "trainable": 5},
    "custom_ops": ["SentencepieceOp"],
    "interfaces": ["text-embedding"],
    "fine_tunable": True,
}


def test_facts_of_a_description():
    facts = typed_facts([DESCRIPTION])
    assert facts.interfaces == ("text-embedding",)
    assert facts.flags == ("trainable", "custom-ops")
    assert facts.fine_tunable is True
    assert facts.formats == ("saved_model_2",)


def test_signatures_and_functions_are_found_by_their_types():
    found = signatures_of(DESCRIPTION)
    assert set(found) == {"s", "__call__"}
    for interface in found.values():
        assert matches(parse_interface("string -> float32[512]"), parse_interface(str(interface)))


def test_facts_of_a_real_module():
    facts = typed_facts([describe(module()).to_dict()])
    assert facts.signatures
    assert all(parse_interface(text) for text in facts.signatures)


def test_a_description_of_another_form_is_no_obstacle():
    assert typed_facts([{"variants": [{"signature": 5}]}]).signatures == ()


def test_no_files_no_facts():
    assert typed_facts([]).flags == ()
