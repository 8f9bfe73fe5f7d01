"""What changed from one version to the next, in words."""

from __future__ import annotations

from tensorflow_hub.server.web.version_changes import VersionContent, all_changes

TEXTS = {"dtype": "string", "shape": [None], "kind": "dense"}
NUMBERS = {"dtype": "float32", "shape": [None, 2], "kind": "dense"}


def saved_model(*arguments):
    trace = {"arguments": list(arguments), "keywords": {}, "result": NUMBERS}
    return {"kind": "saved_model_2", "functions": [{"name": "__call__", "traces": [trace]}]}


def tflite(**inputs):
    signature = {"name": "default", "inputs": inputs, "outputs": {"y": NUMBERS}}
    return {"kind": "tflite", "variants": [{"tags": [], "signatures": [signature]}]}


def test_another_order_of_the_arguments_is_a_change():
    older = VersionContent({}, {"saved_model": saved_model(TEXTS, NUMBERS)}, {})
    newer = VersionContent({}, {"saved_model": saved_model(NUMBERS, TEXTS)}, {})
    assert all_changes(older, newer) == [
        "Signature __call__: string[?], float32[?,2] -> float32[?,2] became "
        "float32[?,2], string[?] -> float32[?,2]"
    ]
    assert all_changes(older, older) == []


def test_of_several_deployments_it_is_said_which_one_changed():
    older = VersionContent({}, {"saved_model": saved_model(TEXTS), "tflite": tflite(a=TEXTS)}, {})
    newer = VersionContent({}, {"saved_model": saved_model(TEXTS), "tflite": tflite(b=TEXTS)}, {})
    assert all_changes(older, newer) == [
        "TFLite: Signature default: a:string[?] -> y:float32[?,2] became b:string[?] -> y:float32[?,2]"
    ]
