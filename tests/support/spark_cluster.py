"""A standalone cluster of Spark on this machine: one master, two workers of one core, all on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import until
from ports import fixed_ports


def require_own_network():
    """Skips unless loopback is all there is: executors and drivers of Spark listen where they like."""
    devices = Path("/proc/self/net/dev").read_text().splitlines()[2:]
    if [line.split(":")[0].strip() for line in devices] != ["lo"]:
        pytest.skip("needs a network namespace of its own: make test-spark")


def parent_of(process):
    """The parent of a process, 0 when it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def children(process):
    """The processes that a process started."""
    running = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return sorted(one for one in running if parent_of(one) == process)


def descendants(process):
    """All processes below a process."""
    return [one for child in children(process) for one in (child, *descendants(child))]


class SparkCluster:
    """Started and stopped by a context. Its processes are found by who started them, from the workers on."""

    def __init__(self, folder: Path):
        pyspark = pytest.importorskip("pyspark", reason="needs pyspark: make test-spark")
        if shutil.which("java") is None:
            pytest.skip("needs Java")
        self._launcher = Path(pyspark.__file__).parent / "bin" / "spark-class"
        self._folder = folder
        port, self._web_port = fixed_ports(2)
        self.master = f"spark://127.0.0.1:{port}"
        self._processes: list[subprocess.Popen] = []
        self.environment = {
            **os.environ,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "TFHUB_CACHE_DIR": str(folder / "cache"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    def __enter__(self):
        address = ["--host", "127.0.0.1", "--webui-port"]
        port = self.master.rpartition(":")[2]
        self._start("master.Master", *address, str(self._web_port), "--port", port)
        self._wait_for_log("master", "I have been elected leader")
        for number in range(2):
            folder = str(self._folder / f"work{number}")
            limits = ["--cores", "1", "--memory", "1g", "--work-dir", folder]
            self._start("worker.Worker", *address, "0", *limits, self.master)
        for number in range(2):
            self._wait_for_log(f"worker{number}", "Successfully registered with master")
        return self

    def __exit__(self, *_):
        found = [one for process in self._processes for one in (process.pid, *descendants(process.pid))]
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in self._processes:
            process.wait()

    def workers(self):
        """The processes of the workers that run."""
        return [process.pid for process in self._processes[1:] if process.poll() is None]

    def executors(self):
        """The processes in which workers run tasks, and which start those of Python."""
        return [executor for worker in self.workers() for executor in children(worker)]

    def python_workers(self):
        """The processes that compute: each executor has one that starts them, and these are its children."""
        starters = [starter for executor in self.executors() for starter in children(executor)]
        return [worker for starter in starters for worker in children(starter)]

    def _start(self, name, *arguments):
        count = len(self._processes)
        log = self._folder / ("master.log" if not count else f"worker{count - 1}.log")
        command = [str(self._launcher), f"org.apache.spark.deploy.{name}", *arguments]
        with log.open("w") as stream:
            self._processes.append(
                subprocess.Popen(
                    command, env=self.environment, cwd=self._folder, stdout=stream, stderr=subprocess.STDOUT
                )
            )

    def _wait_for_log(self, name, text):
        log = self._folder / f"{name}.log"
        until(lambda: log.exists() and text in log.read_text(), f"{text!r} of the {name}")
