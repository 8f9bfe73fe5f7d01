"""Any module_fn: what it declares is what a reader sees, and exporting again changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from tensorflow.core.protobuf import saved_model_pb2

import tensorflow_hub as hub
from tests.support.module_fns import export

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1

DTYPES = st.sampled_from(["float32", "float64", "int32", "int64", "bool", "string", "uint8", "complex64"])
SHAPES = st.lists(st.none() | st.integers(0, 3), max_size=3)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_./ ]{0,8}", fullmatch=True)
TENSORS = st.dictionaries(
    NAMES, st.tuples(st.sampled_from(["dense", "sparse", "ragged"]), DTYPES, SHAPES), max_size=3
)
TAGS = st.lists(
    st.frozensets(st.sampled_from(["train", "a", "b"]), max_size=2), min_size=1, max_size=3, unique=True
)


def placeholder(kind, dtype, shape):
    if kind == "sparse":
        return v1.sparse_placeholder(dtype, shape or [None])
    if kind == "ragged":
        return v1.ragged.placeholder(dtype, 1, [])
    return v1.placeholder(dtype, shape)


@settings(max_examples=25)
@given(
    signatures=st.dictionaries(NAMES, TENSORS, min_size=1, max_size=2),
    tags=TAGS,
    variables=st.dictionaries(
        st.from_regex(r"[a-z]{1,4}(/[a-z]{1,3})?", fullmatch=True),
        st.lists(st.integers(1, 3), max_size=2),
        max_size=3,
    ),
)
def test_structure_survives(signatures, tags, variables):
    def module_fn():
        for name, shape in variables.items():
            v1.get_variable(name, shape)
        for name, tensors in signatures.items():
            inputs = {key: placeholder(*description) for key, description in tensors.items()}
            hub.add_signature(name, inputs=inputs, outputs=inputs or {"one": tf.constant(1)})

    spec = hub.create_module_spec(module_fn, [(each, {}) for each in tags])
    folder = Path(tempfile.mkdtemp())
    try:
        first = export(spec, folder / "first", tags[0])
        second = export(hub.load_module_spec(first), folder / "second", tags[0])
        loaded = hub.load_module_spec(second)
        assert loaded.get_tags() == spec.get_tags()
        for each in tags:
            assert loaded.get_signature_names(each) == sorted(signatures)
            for name, tensors in signatures.items():
                inputs = loaded.get_input_info_dict(name, each)
                assert {k: (i.kind, i.dtype.name) for k, i in inputs.items()} == {
                    k: (kind, dtype) for k, (kind, dtype, _) in tensors.items()
                }
                assert inputs == spec.get_input_info_dict(name, each)
        assert _saved_model(first) == _saved_model(second)
        if variables:
            assert _values(first) == _values(second)
    finally:
        shutil.rmtree(folder)


def _saved_model(path):
    return saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())


def _values(path):
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    return {name: reader.get_tensor(name).tobytes() for name in reader.get_variable_to_shape_map()}


@settings(max_examples=20)
@given(values=st.lists(st.floats(-10, 10, width=32), max_size=4), depth=st.integers(1, 3))
def test_a_module_computes_what_its_module_fn_does(values, depth):
    def module_fn():
        y = x = v1.placeholder(tf.float32, [None])
        for i in range(depth):
            y = y * v1.get_variable(f"v{i}", initializer=float(i + 2)) + 1.0
        hub.add_signature(inputs=x, outputs=y)

    expected = np.float32(values)
    for i in range(depth):
        expected = expected * np.float32(i + 2) + 1
    with hub.eval_function_for_module(hub.create_module_spec(module_fn)) as f:
        np.testing.assert_allclose(f(np.float32(values)), expected, rtol=1e-5)
