"""Measures one module in a process of its own, so that no other module uses memory of the process.

    python -m tensorflow_hub.tools.comparison.measuring

The process reads a JSON object with the arguments of `measure` from standard input, and writes the
measurement as JSON to standard output.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import HubError
from tensorflow_hub.process_usage import peak_memory
from tensorflow_hub.tools.datasets.examples import Dataset, Example
from tensorflow_hub.tools.datasets.image_folder import read_images
from tensorflow_hub.tools.datasets.text_table import read_texts
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.modules import size_of
from tensorflow_hub.tools.retrain.metrics import Share, evaluate
from tensorflow_hub.tools.retrain.options import Options
from tensorflow_hub.tools.retrain.preparing import Clock, prepare
from tensorflow_hub.tools.retrain.solving import solve_head

SPEED_EXAMPLES = {"image": 64, "text": 1024}
SPEED_SECONDS = 1.0
BATCH = {"image": 32, "text": 256}


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
        """Returns a dict for JSON."""
        return {**dataclasses.asdict(self), "accuracy": self.accuracy.to_dict()}


def read_dataset(data: str, columns: Mapping[str, str | None], multi_label: bool) -> Dataset:
    """Reads a folder of images, a table of images (with `image_column`), or a table of texts."""
    image, text, label = (columns.get(f"{name}_column") for name in ("image", "text", "label"))
    if Path(data).is_dir() or image:
        return read_images(Path(data), image_column=image, label_column=label, multi_label=multi_label)
    return read_texts(Path(data), text_column=text, label_column=label, multi_label=multi_label)


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
    size = size_of(prepared.encoder.module.directory)
    return Measurement(
        module=module,
        accuracy=found.accuracy,
        examples_per_second=_speed(prepared.encoder, prepared.features.examples),
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
        values: Any = np.stack([read(example.path) for example in some if example.path])
    else:
        values = sorted((example.text or "" for example in some), key=len)
    size, count = BATCH[encoder.kind], len(values)
    batches = [values[start : start + size] for start in range(0, count, size)]
    best, until = 0.0, time.perf_counter() + SPEED_SECONDS
    for number in range(1000):
        started = time.perf_counter()
        for batch in batches:
            encoder(batch)
        best = max(best, count / (time.perf_counter() - started))
        if number and time.perf_counter() > until:
            break
    return best


def machine_in_words() -> str:
    """Returns processor, cores and accelerators, for example `8 cores of AMD EPYC 7B13, NVIDIA H100`."""
    cores = os.cpu_count() or 1
    counted = f"{cores} core{'' if cores == 1 else 's'} of {_processor()}"
    accelerators = [
        str(tf.config.experimental.get_device_details(device).get("device_name", device.device_type))
        for kind in ("GPU", "TPU")
        for device in tf.config.list_physical_devices(kind)
    ]
    return ", ".join([counted, *accelerators])[:200]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(errors="replace"), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine() or "an unknown processor"


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
