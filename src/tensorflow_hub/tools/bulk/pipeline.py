"""`apply` on Apache Beam: the same job on Beam's own runners, Flink, Spark or Dataflow.

`ApplyModule` is the PTransform to put into pipelines of one's own; `apply_on_beam` is the whole job that
`tfhub apply --runner …` runs.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tensorflow_hub.errors import DataError, HubError, MissingDependencyError
from tensorflow_hub.tools.bulk.inputs import Input, Value, is_text, open_input
from tensorflow_hub.tools.bulk.local import Applied
from tensorflow_hub.tools.bulk.outputs import (
    arrow_table,
    parquet_schema,
    remove_output,
    require_folder,
    tf_example,
)
from tensorflow_hub.tools.encoders import Encoder, open_encoder
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.opening import Kind, require_kind

try:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
except ImportError as error:
    raise MissingDependencyError(
        "The package 'apache-beam' is not installed.",
        hint="Install it: `pip install 'tensorflow-hub[beam]'`.",
    ) from error

# Runner by the short name people know; any other name is handed to Beam as it is.
RUNNERS = {
    "direct": "DirectRunner",
    "prism": "PrismRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "portable": "PortableRunner",
    "dataflow": "DataflowRunner",
}

_JOB_SERVER = "Give the address of one that runs: --runner-option job_endpoint=HOST:PORT."
# What to do where Beam cannot start a runner by itself.
_HINTS = {
    "flink": f"Beam fetches the runner's job server from Maven, and needs Java. {_JOB_SERVER}",
    "spark": f"Beam fetches the runner's job server from Maven, and needs Java. {_JOB_SERVER}",
    "prism": "Beam fetches Prism from GitHub. Give a binary: --runner-option prism_location=PATH.",
    "portable": _JOB_SERVER,
    "dataflow": "It needs `pip install 'apache-beam[gcp]'` and --runner-option project=…, region=…, "
    "temp_location=gs://….",
}

_encoders: dict[tuple[Any, ...], Encoder] = {}
_lock = threading.Lock()


class ApplyModule(beam.PTransform):  # type: ignore[misc]
    """Applies a module to the elements of a PCollection.

    Elements are texts (str) or the bytes of image files, each alone or as a pair (key, value). The result
    has the same keys: a vector, float32 NumPy [n], or (key, vector). What cannot be decoded goes to the
    output `skipped` as (key or None, reason). The module is resolved and loaded once per worker process.

    Args:
      module: a handle every worker can resolve.
      kind: `text` or `image`.
      batch_size: elements that go through the module at once, at most.
      **module_options: of `open_encoder`.

    Raises:
      DataError: `kind` is something else. The module itself is looked at by the workers.

    Example:
      vectors = texts | hub.beam.ApplyModule("acme/sentences/1")
      results = photos | hub.beam.ApplyModule("acme/image-vectors/1", kind="image").with_skipped()
      results.main, results.skipped
    """

    def __init__(
        self, module: str, kind: Kind = "text", *, batch_size: int = 256, **module_options: Any
    ) -> None:
        super().__init__()
        self._batches = _ApplyToBatches(module, kind, batch_size, module_options)
        self._skipped = False

    def with_skipped(self) -> ApplyModule:
        """Gives a result with the outputs `main` and `skipped`."""
        self._skipped = True
        return self

    def expand(self, elements: Any) -> Any:
        """Batches the elements, applies the module, and takes the batches apart."""
        results = elements | self._batches
        vectors = results.main | beam.FlatMap(_each)
        return _Results(vectors, results.skipped) if self._skipped else vectors


class _Results(NamedTuple):
    main: Any
    skipped: Any


# A key in a tuple, or None for an element without one.
Mark = tuple[Any] | None


def _each(batch: tuple[Sequence[Mark], Matrix]) -> Iterator[Any]:
    for mark, vector in zip(*batch, strict=True):
        yield vector if mark is None else (mark[0], vector)


class _ApplyToBatches(beam.PTransform):  # type: ignore[misc]
    """Elements as `ApplyModule` takes → batches: marks, and the vectors as one matrix, float32 [b, n].

    What goes from step to step costs as much as it has elements, not as much as it has numbers.
    """

    def __init__(self, module: str, kind: Kind, batch_size: int, module_options: dict[str, Any]) -> None:
        super().__init__()
        require_kind(kind)  # here, where the pipeline is written, not on a worker
        inspect.signature(open_encoder).bind(module, kind, **module_options)
        self._function = _Apply(module, kind, tuple(sorted(module_options.items())))
        self._batch_size = batch_size

    def expand(self, elements: Any) -> Any:
        batches = elements | beam.BatchElements(min_batch_size=1, max_batch_size=self._batch_size)
        return batches | beam.ParDo(self._function).with_outputs("skipped", main="main")


class _Apply(beam.DoFn):  # type: ignore[misc]
    """A batch of elements → marks and vectors."""

    def __init__(self, module: str, kind: Kind, module_options: tuple[Any, ...]) -> None:
        super().__init__()
        self._key = (module, kind, module_options)
        self._encoder: Encoder | None = None

    def setup(self) -> None:
        self._encoder = _shared_encoder(*self._key)

    def process(self, batch: Sequence[Any]) -> Iterator[Any]:
        assert self._encoder is not None
        marks = [(element[0],) if isinstance(element, tuple) else None for element in batch]
        pairs = [element if isinstance(element, tuple) else (None, element) for element in batch]
        if self._encoder.kind == "image":
            good, values, bad = _decoded(self._encoder, pairs)
        else:
            told = [is_text(text) for _, text in pairs]
            good = [i for i, tells in enumerate(told) if tells]
            values = [pairs[i][1] for i in good]
            bad = [(key, "has no text") for (key, _), tells in zip(pairs, told, strict=True) if not tells]
        yield from (beam.pvalue.TaggedOutput("skipped", item) for item in bad)
        if good:
            vectors = self._encoder(np.stack(values) if self._encoder.kind == "image" else values)
            yield [marks[i] for i in good], vectors


def _shared_encoder(module: str, kind: Kind, module_options: tuple[Any, ...]) -> Encoder:
    key = (module, kind, module_options)
    with _lock:
        if key not in _encoders:
            _encoders[key] = open_encoder(module, kind, **dict(module_options))
        return _encoders[key]


def _decoded(encoder: Encoder, pairs: Sequence[tuple[Any, bytes]]) -> tuple[list[int], list[Any], list[Any]]:
    from tensorflow_hub.tools.images import Reader

    read = Reader(encoder.image_size)
    good, images, bad = [], [], []
    for i, (key, content) in enumerate(pairs):
        try:
            images.append(read.from_bytes(content, name=str(key)))
            good.append(i)
        except DataError as error:  # noqa: PERF203 - one broken image must not stop the others
            bad.append((key, error.problem))
    return good, images, bad


def apply_on_beam(
    module: str,
    data: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    runner: str = "direct",
    runner_options: Sequence[str] = (),
    format: str = "parquet",
    text_column: str | None = None,
    batch_size: int | None = None,
    shard_size: int = 20_000,
    overwrite: bool = False,
    **module_options: Any,
) -> Applied:
    """The job of `apply` as a Beam pipeline.

    Args:
      module: a handle every worker can resolve.
      data: as for `apply`, where every worker can read it.
      output: the folder, where every worker can write.
      runner: a short name (`direct`, `prism`, `flink`, `spark`, `dataflow`) or Beam's own.
      runner_options: `name=value`, Beam's pipeline options.
      format: `parquet` or `tfrecord`.
      text_column: the table's column of texts.
      batch_size: elements that go through the module at once, at most.
      shard_size: rows of an output file, about.
      overwrite: replace what an earlier run wrote into the folder.
      **module_options: of `open_encoder`.

    Raises:
      DataError: the input or output cannot be used as asked, or the job fails, or its runner does not start.
    """
    started = time.perf_counter()
    if format not in {"parquet", "tfrecord"}:
        raise DataError(
            f"Expected parquet or tfrecord on Beam, got {format!r}.", hint="Use --format parquet."
        )
    source, folder = open_input(data, text_column), Path(output)
    _make_way(folder, overwrite)
    rows = sum(map(len, source.rows()))
    encoder = open_encoder(module, source.kind, **module_options)  # refuses here what workers would refuse
    size = batch_size or (256 if source.kind == "text" else 32)
    transform = _ApplyToBatches(module, source.kind, size, module_options)
    shards = max(1, -(-rows // shard_size))
    with _pipeline_on(runner, runner_options) as pipeline:
        # One worker reads the rows (paths, for images) and hands them to all: what costs comes after.
        listed = pipeline | "Input" >> beam.Create([source]) | "Rows" >> beam.FlatMap(Input.pairs)
        read = listed | beam.Reshuffle() | beam.FlatMap(_read).with_outputs("skipped", main="main")
        results = read.main | transform
        _written(results.main, folder, format, encoder.dimension, shards)
        skipped = (read.skipped, results.skipped) | beam.Flatten()
        lines = skipped | "Lines" >> beam.Map(_skipped_line)
        _ = lines | beam.io.WriteToText(
            os.fspath(folder / "skipped.jsonl"), num_shards=1, shard_name_template=""
        )
    return _applied(folder, rows, encoder.dimension, time.perf_counter() - started)


@contextlib.contextmanager
def _pipeline_on(runner: str, runner_options: Sequence[str]) -> Iterator[Any]:
    """A pipeline that has run when the context ends."""
    try:
        flags = [f"--runner={RUNNERS.get(runner, runner)}", *(f"--{option}" for option in runner_options)]
        with beam.Pipeline(options=PipelineOptions(flags)) as pipeline:
            yield pipeline
    except HubError:
        raise
    except Exception as error:  # whatever Beam's runners raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"The job failed on Beam's runner {runner!r}: {lines[-1].strip().rstrip('.')}.",
            hint=_HINTS.get(runner, "Its log says more."),
        ) from error


def _make_way(folder: Path, overwrite: bool) -> None:
    """Refuses a folder with things in it, or removes what an earlier run wrote: its shards stay otherwise."""
    require_folder(folder)
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise DataError(
            f"The folder {str(folder)!r} is not empty.", hint="Choose another with -o, or --overwrite."
        )
    remove_output(folder)


def _read(pair: tuple[str, Value]) -> Iterator[Any]:
    key, value = pair
    if not isinstance(value, Path):
        yield pair
        return
    try:
        yield key, value.read_bytes()
    except OSError as error:
        yield beam.pvalue.TaggedOutput("skipped", (key, f"{value.name!r} cannot be read: {error.strerror}."))


def _written(results: Any, folder: Path, format: str, dimension: int, shards: int) -> Any:
    prefix = os.fspath(folder / "part")
    if format == "tfrecord":
        records = results | "Each" >> beam.FlatMap(_each) | beam.MapTuple(tf_example)
        return records | beam.io.WriteToTFRecord(prefix, file_name_suffix=".tfrecord", num_shards=shards)
    tables = results | beam.MapTuple(lambda marks, vectors: arrow_table([key for (key,) in marks], vectors))
    schema = parquet_schema(dimension)
    return tables | beam.io.WriteToParquetBatched(
        prefix, schema, file_name_suffix=".parquet", num_shards=shards
    )


def _skipped_line(item: tuple[str, str]) -> str:
    import json

    return json.dumps({"name": item[0], "reason": item[1]})


def _applied(folder: Path, rows: int, dimension: int, seconds: float) -> Applied:
    import json

    from tensorflow_hub.tools.datasets.examples import Skipped

    lines: Iterable[str] = (folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    skipped = tuple(Skipped(**json.loads(line)) for line in lines)
    return Applied(folder, rows - len(skipped), 0, skipped, dimension, seconds)
