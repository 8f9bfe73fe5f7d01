"""`hub.check_interface`: what a module follows, and what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import UnsupportedFeatureError

MODULES = Path(__file__).parent / "data" / "tf1_modules"


def test_the_interfaces_of_a_module():
    found = hub.check_interface(MODULES / "06_image_feature_vector" / "module")
    assert [(met.name, met.missing) for met in found] == [
        ("image-feature-vector", ()),
        ("image-classification", ()),
    ]
    [text] = hub.check_interface(MODULES / "05_text_embedding" / "module", "text-embedding")
    assert text.where == "signature 'default'"


def test_an_interface_that_is_not_followed():
    with pytest.raises(
        UnsupportedFeatureError,
        match=r"interface text-embedding \(string\[\?\] → .*\), got signature 'default': float32",
    ):
        hub.check_interface(MODULES / "01_linear_scalar" / "module", "text-embedding")
    with pytest.raises(UnsupportedFeatureError, match="one of the common interfaces, got 'text'"):
        hub.check_interface(MODULES, "text")
