"""The journal of a run in the output folder, so that an interrupted run can be continued.

`apply.json` describes the job. `shards.jsonl` has a line for each finished shard. `skipped.jsonl` is written
at the end, with a line for each input that could not be used.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.outputs import OUTPUT, remove_files, require_folder
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.whole_file import whole_file

JOB_FILE = "apply.json"


@dataclasses.dataclass(frozen=True)
class Shard:
    """A finished shard.

    Attributes:
      number: the number of the shard.
      read: the number of rows read.
      written: the number of vectors written.
      dimension: the length of a vector.
      skipped: the inputs that could not be used.
    """

    number: int
    read: int
    written: int
    dimension: int
    skipped: tuple[Skipped, ...]

    def to_json(self) -> str:
        """Returns the shard as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: bytes) -> Shard:
        """Returns the shard of which `to_json` gave this line."""
        value = json.loads(line)
        return cls(**{**value, "skipped": tuple(Skipped(**item) for item in value["skipped"])})


def previous_job(folder: Path) -> dict[str, Any] | None:
    """Returns the description of the job whose output is in a folder; None if there is none."""
    try:
        value = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


class Journal:
    """The journal of one output folder.

    Args:
      folder: the output folder. It is created if it does not exist.
      job: everything that the output depends on: module digest, input fingerprint, settings.
      overwrite: whether to remove the output of another job.

    A job that failed before it wrote a row, for example because of a wrong column, left only its description.
    Another job replaces that.

    Raises:
      DataError: the folder has other files, or the output of another job.
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], *, overwrite: bool) -> None:
        self._folder = folder
        require_folder(folder)
        previous = previous_job(folder)
        if previous is not None and previous != dict(job):
            changed = sorted(key for key in {*previous, *job} if previous.get(key) != job.get(key))
            if not overwrite and any(path.name != JOB_FILE for path in folder.iterdir()):
                raise DataError(
                    f"The folder {str(folder)!r} holds the output of another job, which differs in: "
                    f"{', '.join(changed)}.",
                    hint="Choose another with -o, or start again with --overwrite.",
                )
            remove_files(folder, OUTPUT)
        elif previous is None and folder.exists() and any(folder.iterdir()):
            raise DataError(f"The folder {str(folder)!r} is not empty.", hint="Choose another with -o.")
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / JOB_FILE) as file:
            file.write(json.dumps(dict(job), indent=2).encode())
        self.shards = {shard.number: shard for shard in self._read_shards()}

    def _read_shards(self) -> list[Shard]:
        """Returns the finished shards.

        A last line that is incomplete after a crash is removed from the file.
        """
        path = self._folder / "shards.jsonl"
        if not path.exists():
            return []
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            path.write_bytes(whole)
        return [Shard.from_json(line) for line in whole.splitlines()]

    def finished(self, shard: Shard) -> None:
        """Records a shard whose file is written. A repeated call has no effect."""
        if shard.number in self.shards:
            return
        with (self._folder / "shards.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(f"{shard.to_json()}\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.shards[shard.number] = shard

    def write_skipped(self) -> tuple[Skipped, ...]:
        """Writes the skipped inputs of all shards to `skipped.jsonl`, and returns them."""
        shards = sorted(self.shards.values(), key=lambda shard: shard.number)
        skipped = tuple(item for shard in shards for item in shard.skipped)
        if skipped:
            with whole_file(self._folder / "skipped.jsonl") as file:
                file.writelines(f"{json.dumps(dataclasses.asdict(item))}\n".encode() for item in skipped)
        return skipped

    def written(self) -> int:
        """Returns the number of rows in all finished shards."""
        return sum(shard.written for shard in self.shards.values())
