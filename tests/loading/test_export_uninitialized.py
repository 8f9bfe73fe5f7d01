"""A module is exported before its variables have values."""

from __future__ import annotations

import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tensorflow_hub.errors import ExportError


def test_variables_without_values_are_reported(tmp_path):
    def module_fn():
        x = tf.compat.v1.placeholder(tf.float32, [None])
        hub.add_signature(inputs=x, outputs=x * tf.compat.v1.get_variable("w", []))

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        with pytest.raises(
            ExportError,
            match=r"with values .*, got uninitialized variables\. Run .*variables_initializer\(\) first",
        ):
            module.export(str(tmp_path / "module"), session)
    assert not (tmp_path / "module").exists()
