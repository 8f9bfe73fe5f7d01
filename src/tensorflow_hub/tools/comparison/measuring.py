"""Measures one module in a process of its own, so that its memory is its own.

Reads a JSON object from standard input and writes one to standard output; see `measure`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import HubError
from tensorflow_hub.process_usage import peak_memory
from tensorflow_hub.tools.datasets.examples import Dataset, Example
from tensorflow_hub.tools.datasets.image_folder import read_images
from tensorflow_hub.tools.datasets.text_table import read_texts
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.machine import machine_in_words
from tensorflow_hub.tools.retrain.metrics import Share, evaluate
from tensorflow_hub.tools.retrain.options import Options
from tensorflow_hub.tools.retrain.preparing import Clock, prepare
from tensorflow_hub.tools.retrain.solving import solve_head

SPEED_EXAMPLES = {"image": 64, "text": 1024}
SPEED_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What one module does on the dataset.

    Attributes:
      module: its handle.
      accuracy: on the test examples (without any, on those for validation), with its interval.
      examples_per_second: through the module, warm, of decoded images or plain texts.
      megabytes: of its files.
      peak_megabytes: of memory that the process took at most, TensorFlow and all.
      dimension: of its features.
      load_seconds: to load it.
      skipped: examples that could not be used.
      size: of its files, in bytes.
      digest: of its content.
      machine: that the speed was measured on, in words.
      problem: why it could not be measured; None when it was.
    """

    module: str
    accuracy: Share = dataclasses.field(default_factory=lambda: Share(0, 0))
    examples_per_second: float = 0.0
    megabytes: float = 0.0
    peak_megabytes: float = 0.0
    dimension: int = 0
    load_seconds: float = 0.0
    skipped: int = 0
    size: int = 0
    digest: str = ""
    machine: str = ""
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**dataclasses.asdict(self), "accuracy": self.accuracy.to_dict()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Measurement:
        """What `to_dict` gave."""
        share = Share(value["accuracy"]["hits"], value["accuracy"]["trials"])
        return cls(**{**value, "accuracy": share})


def read_dataset(data: str, columns: Mapping[str, str | None], multi_label: bool) -> Dataset:
    """A folder or table of images, or a table of texts: a table with a column of images is one of images."""
    if Path(data).is_dir() or columns.get("image_column"):
        return read_images(
            data,
            image_column=columns.get("image_column"),
            label_column=columns.get("label_column"),
            multi_label=multi_label,
        )
    return read_texts(
        data,
        text_column=columns.get("text_column"),
        label_column=columns.get("label_column"),
        multi_label=multi_label,
    )


def measure(module: str, data: str, columns: Mapping[str, str | None], options: Options) -> Measurement:
    """Solves a head on the module's features and measures module and head.

    Raises:
      HubError: the module or the data cannot be used.
    """
    clock = Clock()
    dataset = read_dataset(data, columns, options.multi_label)
    clock.lap("reading the data")
    prepared = prepare(dataset, module, options, clock)
    head, _ = solve_head(prepared)
    scores = head.probabilities(prepared.features.matrix[prepared.measured])
    targets = prepared.targets[prepared.measured]
    found = evaluate(scores, targets, prepared.labels, options.multi_label)
    files = [p for p in prepared.encoder.module.directory.rglob("*") if p.is_file()]
    size = sum(path.stat().st_size for path in files)
    return Measurement(
        module=module,
        accuracy=found.accuracy,
        examples_per_second=_speed(prepared.encoder, prepared.examples),
        megabytes=size / 1e6,
        peak_megabytes=peak_memory() / 1e6,
        dimension=prepared.encoder.dimension,
        load_seconds=clock.laps["loading the module"],
        skipped=len(prepared.dataset.skipped),
        size=size,
        digest=prepared.encoder.module.digest,
        machine=machine_in_words(),
    )


def _speed(encoder: Encoder, examples: Sequence[Example]) -> float:
    """Examples a second, warm: the best of several passes over the same few batches."""
    some = examples[: SPEED_EXAMPLES[encoder.kind]]
    if encoder.kind == "image":
        read = Reader(encoder.image_size)
        images = np.stack([read(example.path) for example in some if example.path])
        batches: list[Any] = [images[start : start + 32] for start in range(0, len(images), 32)]
    else:
        texts = sorted((example.text or "" for example in some), key=len)
        batches = [texts[start : start + 256] for start in range(0, len(texts), 256)]
    count = sum(map(len, batches))
    best, until = 0.0, time.perf_counter() + SPEED_SECONDS
    for number in range(1000):
        started = time.perf_counter()
        for batch in batches:
            encoder(batch)
        best = max(best, count / (time.perf_counter() - started))
        if number and time.perf_counter() > until:
            break
    return best


def main() -> None:
    """Measures what standard input asks for."""
    job = json.load(sys.stdin)
    try:
        result = measure(job["module"], job["data"], job["columns"], Options(**job["options"]))
    except HubError as error:
        result = Measurement(job["module"], problem=f"{error.problem} {error.hint}")
    sys.stdout.write(json.dumps(result.to_dict()))


if __name__ == "__main__":
    main()
