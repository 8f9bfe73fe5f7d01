"""Writing vectors with their keys, one file for each shard: Parquet, NumPy or TFRecord."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.whole_file import whole_file

Writer = Callable[[Path, Any, Matrix], None]
VECTOR = "embedding"
# Temporary files of a run: unfinished shards, and records for the driver. They are removed at its end.
UNFINISHED = ".part-*"


def require_folder(path: Path) -> None:
    """Checks that the output folder is not a file.

    Raises:
      DataError: it is a file.
    """
    if path.is_file():
        raise DataError(
            f"Expected a folder to write to, {str(path)!r} is a file.", hint="Choose another with -o."
        )


def remove_output(folder: Path) -> None:
    """Removes the files that a run wrote into a folder. Other files stay."""
    for pattern in ("part-*", UNFINISHED, "skipped.jsonl", "shards.jsonl", "apply.json"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Removes the temporary files of runs from a folder."""
    for path in folder.glob(UNFINISHED):
        path.unlink(missing_ok=True)


def shard_name(number: int, suffix: str) -> str:
    """Returns the file name of a shard.

    >>> shard_name(7, "parquet")
    'part-00007.parquet'
    """
    return f"part-{number:05d}.{suffix}"


def write_shard(folder: Path, number: int, suffix: str, keys: Any, vectors: Matrix) -> None:
    """Writes a shard. Its file appears when it is complete.

    Two workers may write the same shard at the same time. Each writes a temporary file, and the second one
    replaces the file of the first.

    Args:
      folder: the output folder.
      number: the number of the shard.
      suffix: its format, one of `WRITERS`.
      keys: the keys, an Arrow array of strings.
      vectors: float32 [n, dimension], a vector for each key.
    """
    path = folder / shard_name(number, suffix)
    if suffix == "npy":  # keys in JSON, because the name of a file may have line breaks
        with whole_file(path.with_suffix(".keys.json"), prefix=".part-", durable=True) as file:
            file.write(json.dumps(keys.to_pylist()).encode())
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        WRITERS[suffix](temporary, keys, vectors)
        _sync(temporary)  # before it is recorded as finished
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _write_parquet(path: Path, keys: Any, vectors: Matrix) -> None:
    arrow = require("pyarrow")
    flat = arrow.array(np.ascontiguousarray(vectors).reshape(-1))
    lists = arrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    table = arrow.table({"key": keys, VECTOR: lists})
    # Compression and dictionaries hardly make random floats smaller, and nobody searches for their range.
    options = {"compression": "none", "use_dictionary": False, "write_statistics": ["key"]}
    require("pyarrow.parquet").write_table(table, path, **options)


def _write_numpy(path: Path, keys: Any, vectors: Matrix) -> None:
    write_matrix(path, vectors.shape, [vectors])


def write_matrix(path: Path, shape: tuple[int, ...], blocks: Iterable[Matrix]) -> None:
    """Writes a float32 matrix, which is given as blocks of rows, to a NumPy file.

    If the disk is full, this raises the error of the system. `np.save` does not say the cause, and a memory
    map would end the process.
    """
    with path.open("wb") as stream:
        head = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, head)
        for block in blocks:
            stream.write(np.ascontiguousarray(block, "<f4").data)


def _write_tfrecord(path: Path, keys: Any, vectors: Matrix) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for key, vector in zip(keys.to_pylist(), vectors, strict=True):
            writer.write(tf_example(key, vector))


def tf_example(key: str, vector: Matrix) -> bytes:
    """Returns a serialized `tf.train.Example` with the features `key` (bytes) and `embedding` (floats)."""
    import tensorflow as tf

    features = {
        "key": tf.train.Feature(bytes_list=tf.train.BytesList(value=[key.encode()])),
        VECTOR: tf.train.Feature(float_list=tf.train.FloatList(value=vector.tolist())),
    }
    content: bytes = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    return content


WRITERS: dict[str, Writer] = {"parquet": _write_parquet, "npy": _write_numpy, "tfrecord": _write_tfrecord}
