"""Measures one module in a process of its own, so that no other module uses memory of the process.

    python -m tensorflow_hub.tools.comparison.measuring

The process reads a JSON object with the arguments of `measure` from standard input, and writes the
measurement as JSON to standard output.
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
    """The measurement of a module.

    Attributes:
      module: the handle of the module.
      accuracy: the accuracy on the test examples or, without these, on the validation examples.
      examples_per_second: the number of examples (decoded images, or texts) that the module computes in a
        second, after a warm-up.
      megabytes: the size of its files, in MB.
      peak_megabytes: the largest memory of the process, with TensorFlow, in MB.
      dimension: the length of a feature vector.
      load_seconds: the time to load the module.
      skipped: the number of examples that could not be used.
      size: the size of its files, in bytes.
      digest: the digest of its content.
      machine: the machine, in words.
      problem: why the module could not be measured; None if it was measured.
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
        """Returns the measurement of which `to_dict` gave this dict."""
        share = Share(value["accuracy"]["hits"], value["accuracy"]["trials"])
        return cls(**{**value, "accuracy": share})


def read_dataset(data: str, columns: Mapping[str, str | None], multi_label: bool) -> Dataset:
    """Reads a folder of images, a table of images (with `image_column`), or a table of texts."""
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
    """Fits a head to the features of a module, and measures both.

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
    """Returns the number of examples in a second: the best of several passes over the same few batches."""
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
    """Reads the arguments, measures the module, and writes the measurement."""
    job = json.load(sys.stdin)
    try:
        result = measure(job["module"], job["data"], job["columns"], Options(**job["options"]))
    except HubError as error:
        result = Measurement(job["module"], problem=f"{error.problem} {error.hint}")
    sys.stdout.write(json.dumps(result.to_dict()))


if __name__ == "__main__":
    main()
