"""`hub.check_interface`: what a module follows, and what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import UnsupportedFeatureError
from tensorflow_hub.format.module.functions import FunctionDescription, Trace
from tensorflow_hub.format.module.interfaces import interfaces_of
from tensorflow_hub.format.module.signatures import (
    SignatureDescription,
    TensorDescription,
    VariantDescription,
)

MODULES = Path(__file__).parent / "data" / "tf1_modules"


def test_the_interfaces_of_a_module():
    found = hub.check_interface(MODULES / "06_image_feature_vector" / "module")
    assert [(met.name, met.missing) for met in found] == [
        ("image-feature-vector", ()),
        ("image-classification", ()),
    ]
    [text] = hub.check_interface(MODULES / "05_text_embedding" / "module", "text-embedding")
    assert text.where == "signature 'default'"


@pytest.mark.parametrize(
    ("output", "classes", "found"),
    [
        ("logits", 10, ["image-classification"]),
        ("default", 10, ["image-feature-vector"]),
        ("logits", 1000, ["image-feature-vector", "image-classification"]),
    ],
)
def test_a_result_without_a_name_is_called_as_in_the_signature(output, classes, found):
    images, vectors = TensorDescription("float32", (None, 8, 8, 3)), TensorDescription("float32", (None, 10))
    call = FunctionDescription("__call__", (Trace((images, True), {}, vectors),))
    named = {output: TensorDescription("float32", (None, classes))}
    signature = SignatureDescription("serving_default", {"inputs": images}, named)
    variants = [VariantDescription(("serve",), (signature,))]
    assert [met.name for met in interfaces_of(variants, [call], is_object=True)] == found


def test_an_interface_that_is_not_followed():
    with pytest.raises(
        UnsupportedFeatureError,
        match=r"interface text-embedding \(string\[\?\] → .*\), got signature 'default': float32",
    ):
        hub.check_interface(MODULES / "01_linear_scalar" / "module", "text-embedding")
    with pytest.raises(UnsupportedFeatureError, match="one of the common interfaces, got 'text'"):
        hub.check_interface(MODULES, "text")
