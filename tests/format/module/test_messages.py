"""The private messages: parsed beside TensorFlow's, hostile bytes refused in a sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorflow_hub as hub
from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.messages import message_class, parse


def test_image_module_info_is_a_message():
    info = hub.ImageModuleInfo()
    info.default_image_size.height, info.default_image_size.width = 224, 320
    assert info.SerializeToString() == b"\n\x06\x08\xe0\x01\x10\xc0\x02"
    assert hub.ImageModuleInfo.FromString(info.SerializeToString()) == info


def test_hostile_bytes_are_refused():
    with pytest.raises(
        FormatError, match="Expected a SavedModel message in saved_model.pb, got 3 bytes that cannot"
    ):
        parse("SavedModel", b"\x12\xff\xff", "saved_model.pb")
    with pytest.raises(FormatError, match="cannot be parsed"):
        parse("StructuredValue", b"\x8a\x02" * 100, "x")


@given(
    st.binary(max_size=200),
    st.sampled_from(["SavedModel", "SavedObjectGraph", "StructuredValue", "BundleEntry"]),
)
def test_any_bytes_parse_or_are_refused(data, name):
    try:
        message = parse(name, data, "it")
    except FormatError as error:
        assert f"Expected a {name} message in it, got" in error.problem  # noqa: PT017
    else:
        assert isinstance(message, message_class(name))


@pytest.mark.tf1
@pytest.mark.keras
def test_the_messages_can_be_used_beside_those_of_tensorflow():
    program = (
        "from tensorflow_hub.format.module.messages import parse\n"
        "import tensorflow\n"
        "from tensorflow.core.protobuf.saved_model_pb2 import SavedModel\n"
        "model = SavedModel(saved_model_schema_version=1)\n"
        "model.meta_graphs.add().meta_info_def.tags.append('serve')\n"
        "ours = parse('SavedModel', model.SerializeToString(), 'it')\n"
        "assert list(ours.meta_graphs[0].meta_info_def.tags) == ['serve']\n"
        "assert SavedModel.FromString(ours.SerializeToString()) == model\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
