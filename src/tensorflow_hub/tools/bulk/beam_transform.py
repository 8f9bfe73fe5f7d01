"""`hub.beam.ApplyModule`: a module as a transform for pipelines of Apache Beam."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tensorflow_hub.tools.bulk.worker import worker_computation
from tensorflow_hub.tools.encoders import open_encoder
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.modules import Kind, require_kind

require("apache_beam", "beam")  # its error says what to install

import apache_beam as beam  # noqa: E402


class ApplyModule(beam.PTransform):  # type: ignore[misc]
    """Applies a module to the elements of a PCollection.

    Elements are texts (str) or the bytes of image files, or pairs (key, text) and (key, bytes). The results
    are vectors (NumPy float32 [n]), or pairs (key, vector). Elements that cannot be decoded go to the output
    `skipped` as pairs (key or None, reason). Each worker process loads the module once.

    Args:
      module: a handle that all workers can resolve. The path of a directory is made absolute.
      kind: `text` or `image`.
      batch_size: the largest number of elements in a batch.
      **module_options: options of the module: `signature`, `output_key`, `preprocessor`, `image_size`.

    Raises:
      DataError: `kind` is neither `text` nor `image`. Errors of the module itself are raised by the workers.

    Example:
      vectors = texts | hub.beam.ApplyModule("acme/sentences/1")
      results = photos | hub.beam.ApplyModule("acme/image-vectors/1", kind="image").with_skipped()
      results.main, results.skipped
    """

    def __init__(
        self, module: str, kind: Kind = "text", *, batch_size: int = 256, **module_options: Any
    ) -> None:
        super().__init__()
        require_kind(kind)  # checked here and not on a worker
        inspect.signature(open_encoder).bind(module, kind, **module_options)
        path = Path(module).expanduser()
        handle = str(path.absolute()) if path.exists() else module  # workers have other working directories
        self._function = _Apply(handle, kind, batch_size, module_options)
        self._batch_size = batch_size
        self._skipped = False

    def with_skipped(self) -> ApplyModule:
        """Returns the same transform with two outputs, `main` and `skipped`."""
        self._skipped = True
        return self

    def expand(self, elements: Any) -> Any:
        """Batches the elements, and applies the module to the batches."""
        batches = elements | beam.BatchElements(min_batch_size=1, max_batch_size=self._batch_size)
        results = batches | beam.ParDo(self._function).with_outputs("skipped", main="main")
        return _Results(results.main, results.skipped) if self._skipped else results.main


class _Results(NamedTuple):
    main: Any
    skipped: Any


class _Apply(beam.DoFn):  # type: ignore[misc]
    """Computes the vectors of a batch of elements."""

    def __init__(self, module: Any, kind: Kind, batch_size: int, options: dict[str, Any]) -> None:
        super().__init__()
        self._arguments = (module, kind, options, batch_size)

    def setup(self) -> None:
        worker_computation(*self._arguments)

    def process(self, batch: Sequence[Any]) -> Iterator[Any]:
        computation = worker_computation(*self._arguments)
        pairs = [element if isinstance(element, tuple) else (None, element) for element in batch]
        values, names = [self._usable(value) for _, value in pairs], [str(key) for key, _ in pairs]
        loaded = computation.load(values, names)
        for place, reason in loaded.problems:
            yield beam.pvalue.TaggedOutput("skipped", (pairs[place][0], reason))
        for place, vector in zip(loaded.places, computation.vectors(loaded), strict=True):
            yield (pairs[place][0], vector) if isinstance(batch[place], tuple) else vector

    def _usable(self, value: Any) -> Any:
        return value if isinstance(value, str if self._arguments[1] == "text" else bytes) else None
