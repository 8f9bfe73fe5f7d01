"""A hub in a process of its own, started as a user would: `tfhub serve`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TFHUB = [sys.executable, "-m", "tensorflow_hub"]


@dataclasses.dataclass(frozen=True)
class RunningHub:
    """Where a hub answers, its administrator's token, and the process it runs in."""

    url: str
    token: str
    process: subprocess.Popen[str]

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        """The variables with which `tfhub` and the library use this hub."""
        own = {"TFHUB_URL": self.url, "TFHUB_TOKEN": self.token, "TFHUB_DOWNLOAD_PROGRESS": "0"}
        if cache is not None:
            own["TFHUB_CACHE_DIR"] = str(cache)
        return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **own}


@contextlib.contextmanager
def running_hub(data: Path, port: int | None = None) -> Iterator[RunningHub]:
    """Runs a hub that keeps everything under `data`; on port 8500 or, if that is taken, a free one."""
    command = [*TFHUB, "serve", "--data", str(data)]
    if port is not None:
        command += ["--port", str(port)]
    log = data.parent / "hub.log"
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        said: dict[str, str] = {}
        while "serving" not in said:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"The hub did not start:\n{log.read_text()}")
            word, _, rest = line.strip().partition(" ")
            said[word] = rest
        yield RunningHub(said["serving"], said.get("token", ""), process)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        process.kill()
