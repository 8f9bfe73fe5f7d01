"""Throws damaged bytes at every parser of what comes from outside, for a while.

    python scripts/fuzz.py --seconds 600

A parser may only give a result or a FormatError. The input of a failure is written to `.cache/fuzz/`.
"""

from __future__ import annotations

import argparse
import copy
import io
import itertools
import json
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.archive import inflate
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.format.card.rules import check_text
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.checkpoint import parse_checkpoint

ROOT = Path(__file__).parents[1]
MODULE = ROOT / "tests/data/tf1_modules/05_text_embedding/module"
LIMITS = ArchiveLimits(total_bytes=1 << 20, files=100, ratio_free_bytes=1 << 18)
SLOW = 10.0  # seconds for one input
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF]


def main() -> None:
    """Fuzzes until the time is over; exit code 1 when a parser failed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        failures, count = fuzz(Path(work), options.seconds, random.Random(options.seed))
    print(f"{count:,} inputs, {failures} failures")
    sys.exit(bool(failures))


def fuzz(work: Path, seconds: float, chance: random.Random) -> tuple[int, int]:
    """Runs the parsers in turn; gives the numbers of failures and of inputs."""
    targets = make_targets(work)
    end = time.monotonic() + seconds
    failures = count = 0
    libraries = itertools.cycle({inflate.LIBRARY, inflate.ZLIB})
    while time.monotonic() < end:
        inflate.LIBRARY = next(libraries)
        for name, (seed, target) in targets.items():
            data = damaged(seed, chance)
            failures += not survives(name, target, data)
            count += 1
    return failures, count


def make_targets(work: Path) -> dict[str, tuple[bytes, Callable[[bytes], object]]]:
    """Parser by name: a valid input, and how to call it."""
    index = write_archive(MODULE, work / "archive")
    archive = (work / "archive").read_bytes()
    card = (
        b"# Module a/b/1\nText.\n\n<!-- task: text-embedding -->\n<!-- demo: https://x.example/ -->\n\nMore."
    )
    (work / "module").mkdir()

    def extract(data: bytes) -> object:
        with tempfile.TemporaryDirectory(dir=work) as target:
            try:
                files = extract_archive(io.BytesIO(data), target, LIMITS)
            except FormatError:
                assert not any(Path(target).iterdir()), "what is refused leaves nothing"
                raise
            there = {path for path in Path(target).rglob("*") if not path.is_dir()}
            assert there == {Path(target, file.path) for file in files}
            return files

    def read_index(data: bytes) -> object:
        index = ArchiveIndex.from_json(data, LIMITS)
        assert ArchiveIndex.from_json(index.to_json(), LIMITS) == index
        return index

    def describe_graph(data: bytes) -> object:
        (work / "module" / "saved_model.pb").write_bytes(data)
        return describe(work / "module").to_dict()

    return {
        "archive": (archive, extract),
        "tar": (_unzipped(archive), extract),
        "tar with right sums": (_unzipped(archive), lambda data: extract(with_right_sums(data))),
        "index": (index.to_json(), read_index),
        "index of other values": (bytes(8), lambda data: read_index(other_values(index.to_json(), data))),
        "checkpoint": ((MODULE / "variables/variables.index").read_bytes(), parse_checkpoint),
        "graph": ((MODULE / "saved_model.pb").read_bytes(), describe_graph),
        "card": (card, check_text),
    }


def _unzipped(archive: bytes) -> bytes:
    import gzip

    return gzip.decompress(archive)


def with_right_sums(data: bytes) -> bytes:
    """A tar whose headers have the checksum of what they say, so that readers look further."""
    tar = bytearray(data)
    for at in range(0, len(tar) - 511, 512):
        if tar[at + 257 : at + 262] == b"ustar":
            tar[at + 148 : at + 156] = b" " * 8
            tar[at + 148 : at + 156] = b"%06o\0 " % sum(tar[at : at + 512])
    return bytes(tar)


def other_values(document: bytes, seed: bytes) -> bytes:
    """JSON that is well-formed, with a few of its values exchanged."""
    chance = random.Random(seed)
    value = json.loads(document)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at: Any = value
        while True:
            key = chance.choice(list(at) if isinstance(at, dict) else range(len(at)))
            if not isinstance(at[key], (dict, list)) or not at[key] or chance.random() < 0.1:
                break
            at = at[key]
        number = at[key] if isinstance(at[key], int) else 1
        others = [None, True, -1, 0, number + 1, number - 1, 2 * number, 1 << 62, 0.5, "", "../x", "deflate"]
        elsewhere = copy.deepcopy(chance.choice(list(value.values())))
        at[key] = chance.choice([*others, [], {}, elsewhere])
    return json.dumps(value).encode()


def damaged(seed: bytes, chance: random.Random) -> bytes:
    """A valid input with a few changes."""
    data = bytearray(seed)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([chance.choice([*_NUMBERS, chance.randrange(256)])])
        elif kind == 1:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        elif kind == 2:
            del data[at : at + chance.randrange(1, 600)]
        elif kind == 3:
            data[at:at] = data[at : at + chance.randrange(1, 600)]
        else:
            data[at:] = data[at:].replace(*(bytes([chance.randrange(256)]) for _ in range(2)))
    return bytes(data)


def survives(name: str, target: Callable[[bytes], object], data: bytes) -> bool:
    """Whether a parser gives a result or refuses in its own words, soon."""
    started = time.monotonic()
    try:
        target(data)
    except FormatError:
        pass
    except Exception:
        traceback.print_exc()
        return _keep(name, data)
    return time.monotonic() - started < SLOW or _keep(name, data)


def _keep(name: str, data: bytes) -> bool:
    folder = ROOT / ".cache" / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.time_ns()}"
    path.write_bytes(data)
    print(f"{name} failed on {path}")
    return False


if __name__ == "__main__":
    main()
