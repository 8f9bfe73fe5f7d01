"""Builds an index: applies the module to every input, then indexes the vectors.

An interrupted build can be continued.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress
from tensorflow_hub.tools.bulk.applying import Applied, apply
from tensorflow_hub.tools.bulk.inputs import KEY, Input, open_input
from tensorflow_hub.tools.bulk.outputs import require_free
from tensorflow_hub.tools.neighbours.index import (
    EXACT_LIMIT,
    FILES,
    About,
    Index,
    Item,
    replace_index,
    write_index,
)
from tensorflow_hub.tools.neighbours.searching import MINIMUM

MAX_TEXT = 2000
# The folder with the vectors of an unfinished index, which the next build continues.
_VECTORS = "vectors"


def build_neighbours(
    module: str,
    data: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    text_column: str | None = None,
    exact: bool | None = None,
    batch_size: int | None = None,
    overwrite: bool = False,
    progress: OnProgress | None = None,
    **module_options: Any,
) -> tuple[Index, Applied]:
    """Builds an index of texts or images.

    Args:
      module: the handle of an image feature vector or text embedding module.
      data: a folder of images, a `.txt` file with one text per line, or a CSV, TSV, JSONL or Parquet table.
      output: the folder to write.
      text_column: the table's column of texts.
      exact: True compares a query with every vector. False finds nearly all of the nearest vectors in a
        fraction of the time. By default True up to 50,000 vectors. Up to 1,000 vectors it is always exact.
      batch_size: the largest number of inputs in a batch.
      overwrite: whether to replace what is in the folder.
      progress: called with "rows" or "indexing", the number of rows that are done, and the number of all rows
        (None if unknown).
      **module_options: options of the module: `signature`, `output_key`, `preprocessor`, `image_size`.

    Returns:
      The opened index, and the result of applying the module.

    Raises:
      DataError: the input or the output folder cannot be used, or no input is usable.

    Example:
      index, done = hub.tools.build_neighbours("acme/sentences/1", "questions.txt", "questions_index")
    """
    folder, source = Path(output), open_input(data, text_column)
    require_free(folder, FILES, _VECTORS, overwrite)
    applied = apply(
        module,
        data,
        folder / _VECTORS,
        format="npy",
        text_column=text_column,
        batch_size=batch_size,
        overwrite=overwrite,
        progress=progress,
        **module_options,
    )
    if not applied.rows:
        raise DataError(f"There is nothing to index in {os.fspath(data)!r}.", hint="See what was left out.")
    about = About(
        module=os.fspath(Path(module).resolve()) if Path(module).is_dir() else module,
        module_options={k: v for k, v in module_options.items() if v is not None},
        kind=source.kind,
        source=os.fspath(source.path.resolve()),
        count=applied.rows,
        dimension=applied.dimension,
        exact=applied.rows <= (EXACT_LIMIT if exact is None else math.inf if exact else MINIMUM),
    )
    if progress:
        progress("indexing", 0, applied.rows)
    parts = sorted((folder / _VECTORS).glob("part-*.npy"))
    keys = [json.loads(path.with_suffix(".keys.json").read_text(encoding="utf-8")) for path in parts]
    items = _items(source, list(itertools.chain.from_iterable(keys)))
    finished = folder / _VECTORS / "index"
    finished.mkdir(exist_ok=True)
    write_index(finished, map(np.load, parts), items, about)
    replace_index(finished, folder)
    shutil.rmtree(folder / _VECTORS)
    return Index(folder), applied


def _items(source: Input, keys: list[str]) -> Iterator[Item]:
    if source.kind == "image":
        yield from map(Item, keys)
        return
    wanted = set(keys)
    for rows in source.rows():
        pairs = zip(rows[KEY].to_pylist(), source.values(rows), strict=True)
        yield from (Item(key, str(text)[:MAX_TEXT]) for key, text in pairs if key in wanted)
