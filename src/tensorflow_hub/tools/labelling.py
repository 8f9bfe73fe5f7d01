"""Labels images or texts with a classifier that `retrain` wrote."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import DataError, ModuleError, NotFoundError
from tensorflow_hub.loading.load import load
from tensorflow_hub.tools.batches import batches_read_ahead, in_parts
from tensorflow_hub.tools.datasets.examples import require_several
from tensorflow_hub.tools.datasets.image_folder import image_files
from tensorflow_hub.tools.datasets.tables import whole_text
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.modules import locate

# The names of the classes, one per line, in the order of the scores.
LABELS_FILE = "labels.txt"
BATCH = 16
_HOW_TO_MAKE_ONE = (
    "`tfhub retrain image PHOTOS --module HANDLE -o OUT` makes a classifier of images, "
    "`tfhub retrain text` one of texts."
)


@dataclasses.dataclass(frozen=True)
class Labelled:
    """The result of a classifier for one image or text.

    Attributes:
      name: the path of the file, or the text.
      label: the most probable class; None if the input could not be read.
      scores: pairs (class, probability), the most probable class first.
      problem: why the input could not be read; None if it was read.
    """

    name: str
    label: str | None
    scores: tuple[tuple[str, float], ...] = ()
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns a dict for JSON."""
        entry: dict[str, Any] = {"name": self.name, "label": self.label, "scores": dict(self.scores)}
        return {**entry, "problem": self.problem} if self.problem else entry


class Labeller:
    """A loaded classifier.

    Args:
      model: the output folder of a retraining, its folder `model`, or the handle of the published model.

    Raises:
      ModuleError: the model is not a classifier that `retrain` wrote.

    Example:
      for labelled in hub.tools.Labeller("my_model").images(["photo.jpg"]):
        print(labelled.name, labelled.label)
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        directory = _directory(model)
        loaded = load(directory)
        serve: Any = getattr(loaded, "signatures", {}).get("serving_default")
        inputs = set(serve.structured_input_signature[1]) if serve is not None else set()
        labels = directory / "assets" / LABELS_FILE
        if not inputs & {"image_bytes", "text"} or not labels.is_file():
            raise ModuleError(
                f"Expected a classifier that `tfhub retrain` wrote, {os.fspath(model)!r} is none.",
                hint=_HOW_TO_MAKE_ONE,
            )
        self._loaded = loaded
        self.kind = "image" if "image_bytes" in inputs else "text"
        self.labels = tuple(labels.read_text(encoding="utf-8").removesuffix("\n").split("\n"))

    def images(self, files: Iterable[str | os.PathLike[str]]) -> Iterator[Labelled]:
        """Labels image files, and all images in folders. A file that cannot be read has a `problem`.

        Args:
          files: paths of files and folders.

        Returns:
          An iterator of `Labelled`, one for each image: `label`, and `scores`, pairs (class, probability).

        Raises:
          DataError: the classifier takes texts, or there is no such file.
        """
        self._require("image")
        require_several(files, "files")
        serve = self._loaded.signatures["images"]
        _, height, width, _ = serve.structured_input_signature[1]["images"].shape
        reader, paths = Reader((height, width)), list(_expanded(files))
        for batch, images in batches_read_ahead(paths, BATCH, reader.image_or_error):
            good = [image for image in images if not isinstance(image, DataError)]
            scores = iter(serve(images=tf.constant(np.stack(good)))["scores"].numpy() if good else ())
            for path, image in zip(batch, images, strict=True):
                if isinstance(image, DataError):
                    yield Labelled(str(path), None, problem=image.problem)
                else:
                    yield self._labelled(str(path), next(scores))

    def texts(self, texts: Sequence[str]) -> Iterator[Labelled]:
        """Labels texts.

        Args:
          texts: the texts.

        Returns:
          An iterator of `Labelled`, one for each text: `label`, and `scores`, pairs (class, probability).

        Raises:
          DataError: the classifier takes images.
        """
        self._require("text")
        require_several(texts, "texts")
        for part in in_parts(texts, 256):
            whole = [whole_text(text) for text in part]
            scores = self._loaded.signatures["serving_default"](text=tf.constant(whole, tf.string))["scores"]
            yield from (self._labelled(text, row) for text, row in zip(part, scores.numpy(), strict=True))

    def _labelled(self, name: str, scores: Any) -> Labelled:
        order = scores.argsort()[::-1]
        pairs = tuple((self.labels[i], round(float(scores[i]), 6)) for i in order)
        return Labelled(name, pairs[0][0], pairs)

    def _require(self, kind: str) -> None:
        if self.kind != kind:
            raise DataError(
                f"The classifier labels {self.kind}s, it was given {kind}s.",
                hint="Give texts with --text or --text-file." if self.kind == "text" else "Give image files.",
            )


def _directory(model: str | os.PathLike[str]) -> Path:
    """Returns the directory of the SavedModel of a classifier.

    Raises:
      NotFoundError: there is nothing at the path, or under the handle.
      ModuleError: there is no SavedModel.
    """
    inner = Path(model) / "model"
    if inner.is_dir():
        return inner
    try:
        directory = locate(model).directory
    except NotFoundError as error:
        raise NotFoundError(
            f"Expected the output folder of `tfhub retrain`, or the handle of a published classifier, got "
            f"{os.fspath(model)!r:.200}. {error.problem}",
            hint=f"{error.hint} {_HOW_TO_MAKE_ONE}",
        ) from error
    if not (directory / "saved_model.pb").is_file():
        raise ModuleError(
            f"Expected a classifier that `tfhub retrain` wrote, there is no saved_model.pb in "
            f"{os.fspath(model)!r:.200}.",
            hint=_HOW_TO_MAKE_ONE,
        )
    return directory


def _expanded(files: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    for path in map(Path, files):
        if not path.exists():
            raise DataError(f"There is no file {str(path)!r}.", hint="Check the path.")
        found = list(image_files(path)) if path.is_dir() else [path]
        if not found:
            raise DataError(f"There are no images in the folder {str(path)!r}.", hint="Check the path.")
        yield from found
