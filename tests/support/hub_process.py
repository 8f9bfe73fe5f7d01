"""A hub in a process of its own, as `tfhub serve` runs it, for tests."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from patience import PATIENCE

SOURCES = Path(__file__).parents[2] / "src"


class HubProcess:
    """Starts `tfhub serve`; a context manager.

    Attributes:
      url: where it serves.
      token: the first administrator's token; "" when the hub was not new.
    """

    def __init__(self, data: Path, token: str = "", arguments: tuple[str, ...] = (), **settings: str) -> None:
        self.data = data
        self.token = token
        self.url = ""
        self.arguments = arguments
        self.settings = settings
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> HubProcess:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TFHUB_")}
        environ |= {"PYTHONPATH": str(SOURCES), "TFHUB_SERVER_DATA": str(self.data), **self.settings}
        command = [sys.executable, "-m", "tensorflow_hub", "serve", *self.arguments]
        if "--port" not in self.arguments:
            command += ["--port", "0"]
        self.log = open(self.data.parent / f"{self.data.name}.log", "ab")  # noqa: SIM115
        self._process = subprocess.Popen(
            command, env=environ, text=True, stdout=subprocess.PIPE, stderr=self.log, start_new_session=True
        )
        found: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(found,), daemon=True).start()
        while True:
            line = found.get(timeout=PATIENCE)
            if line.startswith("token "):
                self.token = line.split()[1]
            elif line.startswith("serving "):
                self.url = line.split()[1]
                return self
            elif line == "END":
                raise RuntimeError(f"The hub ended at once: {self.log_text()}")

    def _read(self, found: queue.Queue[str]) -> None:
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            found.put(line.rstrip())
        found.put("END")

    def log_text(self) -> str:
        """What it has logged until now."""
        return Path(self.log.name).read_text(errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> int:
        """Asks it to stop, as Ctrl-C does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Kills it and its server processes at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> HubProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()
        self.log.close()
