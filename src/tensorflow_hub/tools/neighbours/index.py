"""Keeps vectors on disk: exact search for small sets, approximate search for large ones.

An index is a folder. `index.json` describes it, `vectors.npy` has the vectors (float32, of unit length),
`items.jsonl` the items that the vectors were computed from. Large sets also have `approximate.faiss`. The
similarity of two vectors is their cosine.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.outputs import write_matrix
from tensorflow_hub.tools.matrices import Matrix, normalised
from tensorflow_hub.tools.modules import Kind
from tensorflow_hub.tools.neighbours import searching
from tensorflow_hub.tools.neighbours.searching import Indices
from tensorflow_hub.whole_file import whole_file

FORMAT = 2
# In format 1 large sets had a graph of another library. It is not read: the vectors are searched exactly.
_READABLE_FORMATS = (1, FORMAT)
# Up to so many vectors exact search takes some milliseconds (benchmarks/neighbours.py).
EXACT_LIMIT = 50_000
_APPROXIMATE = "approximate.faiss"
# In the order in which they are put in place. An index with the last file is complete.
FILES = ("vectors.npy", "items.jsonl", _APPROXIMATE, "graph.usearch", "index.json")


@dataclasses.dataclass(frozen=True)
class Item:
    """The input that a vector was computed from: a text, or an image without one.

    The key is the number of its row in the input, or the path of the image below the folder.
    """

    key: str
    text: str | None = None


@dataclasses.dataclass(frozen=True)
class About:
    """The description of an index.

    Attributes:
      module: the handle of the module that computed the vectors, and computes those of queries.
      module_options: the options of `open_encoder` for it.
      source: the path of the input; the paths of images are below it.
      exact: whether a query is compared with every vector.
    """

    module: str
    module_options: Mapping[str, Any]
    kind: Kind
    source: str
    count: int
    dimension: int
    exact: bool


class Index:
    """An index opened for search.

    Args:
      folder: a folder that `write_index` wrote.

    Raises:
      DataError: the folder is not an index, or files are missing or damaged.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        path = Path(folder)
        try:
            value = json.loads((path / "index.json").read_text(encoding="utf-8"))
            format_ = value.pop("format")
            if format_ not in _READABLE_FORMATS:
                raise ValueError("unknown format")
            self.about = About(**value)
            self._vectors = np.load(path / "vectors.npy", mmap_mode="r")
            with (path / "items.jsonl").open(encoding="utf-8") as lines:
                self._items = [Item(**json.loads(line)) for line in lines]
            is_exact = self.about.exact or format_ == 1
            self._approximate = None if is_exact else searching.load(path / _APPROXIMATE)
        except (OSError, ValueError, TypeError, KeyError) as error:
            missing = isinstance(error, FileNotFoundError) and f"it has no {Path(error.filename).name}"
            missing = missing or (isinstance(error, NotADirectoryError) and "it is no folder")
            raise DataError(
                f"{os.fspath(folder)!r} is not an index of neighbours: {missing or error}.",
                hint="Make one: `tfhub neighbours build HANDLE INPUT -o INDEX`.",
            ) from error
        if not len(self._items) == len(self._vectors) == self.about.count:
            raise DataError(
                f"The index {os.fspath(folder)!r} has {len(self._vectors)} vectors and "
                f"{len(self._items)} items.",
                hint="Build it again.",
            )

    def __len__(self) -> int:
        return self.about.count

    def item(self, number: int) -> Item:
        """Returns the item with a number, counted from 0."""
        return self._items[number]

    def vector(self, number: int) -> Matrix:
        """Returns the vector of the item with a number, float32 [dimension], of unit length."""
        return np.array(self._vectors[number])

    def search(self, queries: Matrix, k: int = 10) -> tuple[Indices, Matrix]:
        """Returns the nearest items of each query.

        Args:
          queries: float32 [q, dimension], of any length.
          k: the number of items to find for each query.

        Returns:
          The numbers of the items, int64 [q, min(k, count)], and their cosines, float32 of the same shape;
          the nearest items first.
        """
        unit = normalised(np.asarray(queries, np.float32))
        k = min(k, len(self))
        if self._approximate is None:
            return searching.exact_search(self._vectors, unit, k)
        return searching.search(self._approximate, self._vectors, unit, k)


def write_index(folder: Path, blocks: Iterable[Matrix], items: Iterable[Item], about: About) -> None:
    """Writes an index to a folder. `index.json` is written last, so that a folder with it is complete.

    The vectors come in blocks, each float32 [n, dimension], of any length; each vector has an item.
    """
    write_matrix(folder / "vectors.npy", (about.count, about.dimension), map(normalised, blocks))
    with (folder / "items.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(dataclasses.asdict(item), ensure_ascii=False) + "\n" for item in items)
    if not about.exact:
        unit = np.load(folder / "vectors.npy", mmap_mode="r")
        searching.save(searching.build(unit), folder / _APPROXIMATE)
    value = {"format": FORMAT, **dataclasses.asdict(about)}
    with whole_file(folder / "index.json") as file:
        file.write(json.dumps(value, indent=2).encode())


def replace_index(new: Path, folder: Path) -> None:
    """Moves a finished index into a folder, and removes the index that was there."""
    for name in reversed(FILES):
        (folder / name).unlink(missing_ok=True)
    for name in FILES:
        if (new / name).exists():
            (new / name).rename(folder / name)
