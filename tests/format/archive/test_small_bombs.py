"""Small files that stand for very much: refused before the memory or an afternoon is gone."""

from __future__ import annotations

import json
import struct

import pytest

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.checkpoint import parse_checkpoint
from tensorflow_hub.format.module.tfjs import describe_tfjs
from tensorflow_hub.format.module.tflite import describe_tflite


def test_a_tflite_file_whose_lists_point_at_one_another():
    count = 50_000

    def table(
        at: int, target: int
    ) -> bytes:  # one table of three fields; the first and the last lead to `target`
        return struct.pack("<iII", at - 8, target - at - 4, target - at - 8)

    def items(at: int, target: int) -> bytes:
        return struct.pack(f"<{count + 1}I", count, *(target - at - 4 * i for i in range(1, count + 1)))

    size = 4 * (count + 1)
    graphs, graph = 32, 32 + size
    tensors, tensor = graph + 12, graph + 12 + size
    head = struct.pack("<I4sHHHHH2x", 20, b"TFL3", 10, 12, 4, 0, 8)
    data = head + table(20, graphs) + items(graphs, graph) + table(graph, tensors) + items(tensors, tensor)
    with pytest.raises(FormatError, match=r"lists or strings that are used too often"):
        describe_tflite(data + table(tensor, tensor + 12))


def test_a_checkpoint_whose_names_share_a_long_prefix():
    def varint(value: int) -> bytes:
        return bytes([value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14])

    long = 16 << 10
    first = varint(0) + varint(long) + varint(0) + b"k" * long
    block = first + (varint(long) + varint(0) + varint(0)) * 20_000
    block += struct.pack("<II", 0, 1)
    place = varint(0) + varint(len(block))
    index = varint(0) + varint(1) + varint(len(place)) + b"k" + place + struct.pack("<II", 0, 1)
    footer = varint(0) + varint(0) + varint(len(block) + 5) + varint(len(index))
    magic = struct.pack("<Q", 0xDB4775248B80FB57)
    with pytest.raises(FormatError, match=r"16,385 entries with 268,451,840 bytes of names"):
        parse_checkpoint(block + bytes(5) + index + bytes(5) + footer.ljust(40, b"\0") + magic)


@pytest.mark.parametrize("shape", ["[1e400]", "[" + ",".join(["9" * 4000] * 2000) + "]", "[-3]"])
def test_a_tfjs_model_of_an_impossible_shape(shape):
    weight = json.dumps({"modelTopology": {}, "weightsManifest": [{"paths": [], "weights": [{"shape": 0}]}]})
    with pytest.raises(
        FormatError, match=r"Expected model.json of a TensorFlow.js model, got (Value|Overflow)"
    ):
        describe_tfjs(weight.replace('"shape": 0', f'"shape": {shape}').encode())
