"""The modules in tests/data need no file of the machine where they were made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.tf1

DATA = Path(__file__).parents[1] / "data"
GRAPHS = sorted(DATA.rglob("saved_model.pb"))
FOLDERS_OF_A_MACHINE = re.compile(rb"^(/(tmp|var|home|root|work|build|private|Users)/|[A-Za-z]:\\)")


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: str(graph.parent.relative_to(DATA)))
def test_no_constant_is_a_path_of_the_machine_that_wrote_it(graph):
    assert foreign_paths(graph.read_bytes()) == []


def test_a_path_of_another_machine_is_found():
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel()
    with tf.Graph().as_default() as graph:
        tf.io.read_file(tf.constant("/tmp/of_another_machine/words.txt", name="path"))
    saved_model.meta_graphs.add().graph_def.CopyFrom(graph.as_graph_def())
    assert foreign_paths(saved_model.SerializeToString()) == [
        "path = b'/tmp/of_another_machine/words.txt', read by ReadFile"
    ]


def foreign_paths(saved_model: bytes) -> list[str]:
    """The string constants of a SavedModel that name a temporary or home folder and could be read.

    Assets may: loading replaces them. So may the prefix of a RestoreV2 op: TensorFlow 1 leaves it in the
    graph of a module that contains another, and loading replaces what it would restore.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    found = []
    for meta_graph in saved_model_pb2.SavedModel.FromString(saved_model).meta_graphs:
        library = meta_graph.graph_def.library.function
        for nodes in [meta_graph.graph_def.node, *(function.node_def for function in library)]:
            for node in nodes:
                values = node.attr["value"].tensor.string_val if node.op == "Const" else ()
                paths = [value for value in values if FOLDERS_OF_A_MACHINE.match(value)]
                readers = {reader.op for reader in nodes if node.name in map(node_name, reader.input)}
                if paths and node.name not in assets_of(meta_graph) and readers != {"RestoreV2"}:
                    found += [f"{node.name} = {path!r}, read by {', '.join(readers)}" for path in paths]
    return found


def assets_of(meta_graph) -> set[str]:
    """The names of the constants that hold the paths of assets, in both places where they are listed."""
    from tensorflow.core.protobuf import meta_graph_pb2

    assets = list(meta_graph.asset_file_def)
    for packed in meta_graph.collection_def["saved_model_assets"].any_list.value:
        asset = meta_graph_pb2.AssetFileDef()
        packed.Unpack(asset)
        assets.append(asset)
    return {node_name(asset.tensor_info.name) for asset in assets}


def node_name(tensor_name: str) -> str:
    return tensor_name.removeprefix("^").split(":")[0]
