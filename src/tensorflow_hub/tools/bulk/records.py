"""Records of workers for the driver: small files in the output folder, which both can read.

Not all engines return results before the end of the job. A file for each finished shard works with all
engines, and also if the driver is started again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub import errors
from tensorflow_hub.tools.bulk.journal import Shard
from tensorflow_hub.whole_file import whole_file

_PROBLEM = ".part-problem.json"
_NEW = ".part-new-"


def write_finished(folder: Path, shard: Shard) -> None:
    """Writes the record of a finished shard."""
    with whole_file(folder / f".part-finished-{shard.number:05d}.json", prefix=_NEW) as file:
        file.write(shard.to_json().encode())


def take_finished(folder: Path) -> Iterator[Shard]:
    """Yields the new records of finished shards. Each one is removed when the next one is requested."""
    for path in sorted(folder.glob(".part-finished-*.json")):
        # A record may be damaged after a power failure. Then the shard is computed again.
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            yield Shard.from_json(path.read_bytes())
        path.unlink(missing_ok=True)


def write_problem(folder: Path, problem: errors.HubError) -> None:
    """Writes the error for which no worker can do the job."""
    with whole_file(folder / _PROBLEM, prefix=_NEW) as file:
        parts = {"type": type(problem).__name__, "problem": problem.problem, "hint": problem.hint}
        file.write(json.dumps(parts).encode())


def read_problem(folder: Path) -> errors.HubError | None:
    """Returns the error that a worker wrote; None if there is none."""
    try:
        parts = json.loads((folder / _PROBLEM).read_bytes())
    except (OSError, ValueError):
        return None
    kind = getattr(errors, str(parts["type"]), None)
    if not (isinstance(kind, type) and issubclass(kind, errors.HubError)):
        kind = errors.DataError
    return kind(parts["problem"], hint=parts["hint"])


def forget_problem(folder: Path) -> None:
    """Removes the error of an earlier run."""
    (folder / _PROBLEM).unlink(missing_ok=True)
