"""The journal of a run in the output folder, so that an interrupted run can be continued.

`apply.json` describes the job. `shards.jsonl` has a line for each finished shard, `skipped.jsonl` a line for
each input that could not be used.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.outputs import remove_output, require_folder
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.whole_file import whole_file

JOB_FILE = "apply.json"


@dataclasses.dataclass(frozen=True)
class Shard:
    """A finished shard: its number, the rows read and written, and the length of their vectors."""

    number: int
    read: int
    written: int
    dimension: int = 0


def previous_job(folder: Path) -> dict[str, Any] | None:
    """The description of the job whose output is in a folder; None if there is none."""
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

    Raises:
      DataError: the folder has other files, or the output of another job.
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], *, overwrite: bool) -> None:
        self._folder = folder
        require_folder(folder)
        previous = previous_job(folder)
        if previous is not None and previous != dict(job):
            changed = sorted(key for key in {*previous, *job} if previous.get(key) != job.get(key))
            if not overwrite:
                raise DataError(
                    f"The folder {str(folder)!r} holds the output of another job: "
                    f"{', '.join(changed)} differ.",
                    hint="Choose another with -o, or start again with --overwrite.",
                )
            remove_output(folder)
        elif previous is None and folder.exists() and any(folder.iterdir()):
            raise DataError(f"The folder {str(folder)!r} is not empty.", hint="Choose another with -o.")
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / JOB_FILE) as file:
            file.write(json.dumps(dict(job), indent=2).encode())
        self.shards = {shard.number: shard for shard in self._read_shards()}

    def _read_shards(self) -> list[Shard]:
        """The finished shards. A last line that is incomplete after a crash is removed from the file."""
        path = self._folder / "shards.jsonl"
        if not path.exists():
            return []
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            path.write_bytes(whole)
        return [Shard(**json.loads(line)) for line in whole.splitlines()]

    def finished(self, shard: Shard, skipped: Sequence[Skipped]) -> None:
        """Records a shard whose file is written, and its skipped inputs. A repeated call has no effect."""
        if shard.number in self.shards:
            return
        if skipped:
            lines = [json.dumps({"shard": shard.number, **dataclasses.asdict(item)}) for item in skipped]
            self._append("skipped.jsonl", lines)
        self._append("shards.jsonl", [json.dumps(dataclasses.asdict(shard))])
        self.shards[shard.number] = shard

    def written(self) -> int:
        """The number of rows in all finished shards."""
        return sum(shard.written for shard in self.shards.values())

    def skipped(self) -> list[Skipped]:
        """The skipped inputs of all finished shards."""
        try:
            lines = (self._folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        found = {}
        for line in lines:
            item = json.loads(line)
            if item["shard"] in self.shards:
                found[item["name"]] = Skipped(item["name"], item["reason"])
        return list(found.values())

    def _append(self, name: str, lines: Sequence[str]) -> None:
        with (self._folder / name).open("a", encoding="utf-8") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()
            os.fsync(stream.fileno())
