"""Handles that the library does not know, given to each way of loading."""

from __future__ import annotations

import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tensorflow_hub import errors

pytestmark = [pytest.mark.tf1, pytest.mark.keras]
v1 = tf.compat.v1


def module(handle):
    with tf.Graph().as_default():
        hub.Module(handle)


WAYS = {
    "resolve": hub.resolve,
    "load": hub.load,
    "KerasLayer": hub.KerasLayer,
    "load_module_spec": hub.load_module_spec,
    "create_module_spec_from_saved_model": hub.create_module_spec_from_saved_model,
    "Module": module,
    "text_embedding_column": lambda handle: hub.text_embedding_column("text", handle),
    "image_embedding_column": lambda handle: hub.image_embedding_column("image", handle),
}


@pytest.mark.parametrize("handle", ["foo://x/y", "hdfs://name/path", "ftp://host/module.tar.gz"])
@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_scheme_is_not_a_handle(way, handle):
    with pytest.raises(errors.HandleError, match=f"got '{handle}'"):
        WAYS[way](handle)


@pytest.mark.parametrize("way", ["load_module_spec", "Module"])
def test_a_directory_of_tensorflow_s_own_file_system_that_is_not_there(way):
    with pytest.raises(errors.NotFoundError, match="Expected a module at 'ram://nothing/here', found none"):
        WAYS[way]("ram://nothing/here")
