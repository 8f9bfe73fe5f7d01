"""Finds the neighbours of a text, an image, or an item of the index."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.examples import require_several
from tensorflow_hub.tools.datasets.tables import whole_text
from tensorflow_hub.tools.encoders import Encoder, open_encoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.neighbours.index import Index


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """An item near a query.

    Attributes:
      number: the number of the item in the index.
      key: the number of its row, or the path of the image below the folder.
      text: the text; None for an image.
      path: the path of the image; None for a text.
      cosine: the similarity in [-1, 1]; 1 for vectors of the same direction.
    """

    number: int
    key: str
    text: str | None
    path: Path | None
    cosine: float

    def to_dict(self) -> dict[str, Any]:
        """Returns a dict for JSON."""
        value = {"key": self.key, "cosine": round(self.cosine, 6)}
        return {**value, "text": self.text} if self.text is not None else {**value, "path": str(self.path)}


class Finder:
    """An index with its module, which is loaded when it is first needed.

    Args:
      index: a folder that `build_neighbours` wrote.
      module: another handle of the same module, if the handle in the index does not lead to it any more.

    Example:
      finder = hub.tools.Finder("questions_index")
      for neighbour in finder.texts(["how do I reset my password"])[0]:
        print(neighbour.cosine, neighbour.text)
    """

    def __init__(self, index: str | os.PathLike[str], module: str | None = None) -> None:
        self.index = Index(index)
        self._module = module or self.index.about.module

    def texts(self, texts: Sequence[str], k: int = 10) -> list[list[Neighbour]]:
        """Returns the nearest items of each text.

        Args:
          texts: the queries.
          k: the number of items to find for each.

        Returns:
          For each query a list of `Neighbour`, the nearest first, with `cosine`, and `text` or `path`.

        Raises:
          DataError: the index is one of images.
        """
        self._require("text")
        require_several(texts, "texts")
        return self.vectors(self._encoder([whole_text(text) for text in texts]), k)

    def images(self, files: Sequence[str | os.PathLike[str]], k: int = 10) -> list[list[Neighbour]]:
        """Returns the nearest items of each image file.

        Args:
          files: the paths of the images.
          k: the number of items to find for each.

        Returns:
          For each image a list of `Neighbour`, the nearest first.

        Raises:
          DataError: a file cannot be read, or the index is one of texts.
        """
        self._require("image")
        require_several(files, "files")
        read = Reader(self._encoder.image_size)
        return self.vectors(self._encoder(np.stack([read(Path(file)) for file in files])), k)

    def image_bytes(self, content: bytes, name: str, k: int = 10) -> list[Neighbour]:
        """Returns the nearest items of an image.

        Args:
          content: the bytes of an image file.
          name: its name, for errors.
          k: the number of items to find.
        """
        self._require("image")
        array = Reader(self._encoder.image_size)(content, name)
        return self.vectors(self._encoder(array[None]), k)[0]

    def item(self, number: int, k: int = 10) -> list[Neighbour]:
        """Returns the nearest items of an item of the index, without the item itself.

        Args:
          number: the number of the item, from 0.
          k: the number of items to find.
        """
        if not 0 <= number < len(self.index):
            raise DataError(
                f"Expected an item from 0 to {len(self.index) - 1}, got {number}.", hint="Check it."
            )
        found = self.vectors(self.index.vector(number)[None], k + 1)[0]
        return [neighbour for neighbour in found if neighbour.number != number][:k]

    def vectors(self, queries: Matrix, k: int = 10) -> list[list[Neighbour]]:
        """Returns the nearest items of each vector.

        Args:
          queries: float32 [q, dimension].
          k: the number of items to find for each.
        """
        if queries.shape[1] != self.index.about.dimension:
            raise DataError(
                f"Expected vectors of {self.index.about.dimension}, {self._module!r} gives "
                f"{queries.shape[1]}.",
                hint="Use the module the index was built with.",
            )
        numbers, cosines = self.index.search(queries, k)
        return [
            [self._neighbour(int(n), float(c)) for n, c in zip(row, values, strict=True)]
            for row, values in zip(numbers, cosines, strict=True)
        ]

    def _neighbour(self, number: int, cosine: float) -> Neighbour:
        item, about = self.index.item(number), self.index.about
        path = Path(about.source) / item.key if about.kind == "image" else None
        return Neighbour(number, item.key, item.text, path, cosine)

    @functools.cached_property
    def _encoder(self) -> Encoder:
        about = self.index.about
        options = dict(about.module_options)
        if "image_size" in options:
            options["image_size"] = tuple(options["image_size"])
        return open_encoder(self._module, about.kind, **options)

    def _require(self, kind: str) -> None:
        if self.index.about.kind != kind:
            raise DataError(
                f"The index holds {self.index.about.kind}s, it was asked for {kind}s.",
                hint="Ask with --image FILE." if kind == "text" else "Ask with a text.",
            )
