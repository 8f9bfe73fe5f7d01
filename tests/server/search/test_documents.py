from __future__ import annotations

from hub_content import module

from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.signature_types import parse_types, signatures_of
from tensorflow_hub.server.search.documents import properties_of
from tensorflow_hub.server.search.matching import matches

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


def test_metadata_of_a_description():
    found = properties_of([DESCRIPTION])
    assert found.interfaces == ("text-embedding",)
    assert found.flags == ("trainable", "custom-ops")
    assert found.fine_tunable is True
    assert found.formats == ("saved_model_2",)


def test_signatures_and_functions_are_found_by_their_types():
    found = signatures_of(DESCRIPTION)
    assert set(found) == {"s", "__call__"}
    for interface in found.values():
        assert matches(parse_types("string -> float32[512]"), parse_types(str(interface)))


def test_metadata_of_a_real_module():
    found = properties_of([describe(module()).to_dict()])
    assert found.signatures
    assert all(parse_types(text) for text in found.signatures)


def test_a_description_in_another_form_is_ignored():
    assert properties_of([{"variants": [{"signature": 5}]}]).signatures == ()


def test_without_files_nothing_is_known():
    assert properties_of([]).flags == ()
