"""Writing vectors with their keys, one file for each shard: Parquet, NumPy or TFRecord."""

from __future__ import annotations

import fnmatch
import json
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
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
UNFINISHED = (".part-*",)
# All files of a run.
OUTPUT = ("part-*", *UNFINISHED, "skipped.jsonl", "shards.jsonl", "apply.json")


def require_folder(path: Path) -> None:
    """Checks that the output folder is not a file.

    Raises:
      DataError: it is a file.
    """
    if path.is_file():
        raise DataError(
            f"Expected a folder to write to, {str(path)!r} is a file.", hint="Choose another with -o."
        )


def require_free(folder: Path, result: Sequence[str], unfinished: str, overwrite: bool) -> None:
    """Checks that an output folder is free, or has an earlier result that may be replaced.

    Args:
      folder: the folder, which need not exist.
      result: the names of files of a result. A folder with the last one of them has a complete result.
      unfinished: the pattern of what an interrupted run leaves, which is no result.
      overwrite: whether an earlier result may be replaced.

    Raises:
      DataError: the folder is a file, or has other files, or the earlier result may not be replaced.
    """
    require_folder(folder)
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    found = {name for name in found if not fnmatch.fnmatchcase(name, unfinished)}
    if found and not overwrite:
        raise DataError(
            f"The folder {str(folder)!r} is not empty.",
            hint="Choose another with -o, or replace what is there with --overwrite.",
        )
    if result[-1] not in found and not found.issubset(result):
        raise DataError(
            f"The folder {str(folder)!r} holds something else than an earlier result.",
            hint="Choose another with -o.",
        )


def remove_files(folder: Path, patterns: Sequence[str]) -> None:
    """Removes the files of runs, `UNFINISHED` or `OUTPUT`, from a folder. Other files stay."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


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
    path = folder / f"part-{number:05d}.{suffix}"
    if suffix == "npy":  # keys in JSON, because the name of a file may have line breaks
        with whole_file(path.with_suffix(".keys.json"), prefix=".part-", durable=True) as file:
            file.write(json.dumps(keys.to_pylist()).encode())
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        WRITERS[suffix](temporary, keys, vectors)
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())  # before it is recorded as finished
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
