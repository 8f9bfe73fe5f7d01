"""What is needed to run a deployment, from its description alone."""

from __future__ import annotations

import pytest

from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.needs import needs_of, stated_texts

LOOKED = {"stated_versions": {}}


def needs(name, /, **description):
    return needs_of(KIND_BY_NAME[name], description)


def test_a_saved_model_of_core_ops_needs_tensorflow_alone():
    found = needs(
        "saved_model",
        kind="saved_model_2",
        ops=["MatMul", "Relu"],
        tensorflow_version="2.13.0",
        stated_versions={"keras": "2.13.1"},
        strips_defaults=True,
    )
    assert [(one.registry, one.name, one.import_name) for one in found.packages] == [
        ("pypi", "tensorflow", "tensorflow")
    ]
    assert (found.format, found.core_ops, found.unknown_ops) == ("TF2 SavedModel", 2, ())
    assert stated_texts(found) == ["TensorFlow 2.13.0", "Keras 2.13.1"]
    assert (found.strips_defaults, found.not_known) == (True, ())


def test_the_packages_of_ops_are_named_with_what_they_bring():
    ops = ["SimpleMLCreateModelResource", *(f"TFText>Op{number}" for number in range(5)), "Unheard>Of"]
    found = needs("saved_model", kind="saved_model_2", ops=["MatMul", *ops], custom_ops=ops, **LOOKED)
    assert [(one.name, one.import_name, one.why) for one in found.packages[1:]] == [
        (
            "tensorflow-decision-forests",
            "tensorflow_decision_forests",
            "brings the ops SimpleMLCreateModelResource",
        ),
        (
            "tensorflow-text",
            "tensorflow_text",
            "brings the ops TFText>Op0, TFText>Op1, TFText>Op2 and 2 more",
        ),
    ]
    assert (found.core_ops, found.unknown_ops) == (1, ("Unheard>Of",))


@pytest.mark.parametrize(
    ("kind", "op", "features", "packages", "unknown"),
    [
        ("tflite", "TFLite_Detection_PostProcess", (), ["tensorflow"], ()),
        ("tflite", "FlexErf", ("ops of TensorFlow in TFLite (Select TF ops)",), ["tensorflow"], ()),
        ("tflite", "TFText>WhitespaceTokenize", (), ["tensorflow", "tensorflow-text"], ()),
        ("tflite", "Mine", (), ["tensorflow"], ("Mine",)),
        ("coral", "edgetpu-custom-op", ("an Edge TPU and its runtime (libedgetpu)",), [], ()),
    ],
)
def test_custom_ops_of_tflite(kind, op, features, packages, unknown):
    found = needs(kind, kind="tflite", custom_ops=[op], **LOOKED)
    assert (found.features, found.unknown_ops) == (features, unknown)
    assert [package.name for package in found.packages] == packages
    assert found.core_ops is None


def test_a_tfjs_model_needs_a_package_of_npm():
    [package] = needs("tfjs", kind="tfjs", ops=["MatMul"], **LOOKED).packages
    assert (package.registry, package.name, package.import_name) == ("npm", "@tensorflow/tfjs", "")


def test_values_that_earlier_releases_did_not_read_are_unknown():
    [told] = needs("saved_model", kind="hub", tensorflow_version="1.15.0").not_known
    assert told.startswith("versions that the files state beside that of TensorFlow")
    assert needs("saved_model").not_known == ("what is in the files",)
