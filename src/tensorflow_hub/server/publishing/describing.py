"""Describes an uploaded module in a separate process with limits of time and memory.

A hostile module can at most crash that process.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tensorflow_hub import errors
from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.server.publishing.description_process import LARGEST_ANSWER
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.settings import MIB, ServerSettings

_log = logging.getLogger("tensorflow_hub.server")
# The signals that end a process after its limit of time. Windows does not have them.
_OUT_OF_TIME = {number for name in ("SIGXCPU", "SIGKILL") if (number := getattr(signal, name, None))}
_PROCESS = "tensorflow_hub.server.publishing.description_process"
# Each process uses one processor and up to `describe_memory`, so at most one runs for each processor.
_PROCESSES = threading.BoundedSemaphore(os.cpu_count() or 1)


def describe_in_process(publication: Publication, settings: ServerSettings) -> ModuleDescription:
    """Returns the description of the unpacked module, read in a separate process.

    Raises:
      FormatError: there is no module, or it is damaged.
      RejectedError: reading it takes more time or memory than the settings allow, or crashes.
    """
    answer = publication.workspace / "description.json"
    request = {
        "directory": str(publication.unpacked),
        "files": [dataclasses.asdict(file) for file in publication.files],
        "largest_graph": settings.max_graph,
        "memory": settings.describe_memory,
        "seconds": settings.describe_seconds,
        "answer": str(answer),
    }
    log = publication.workspace / "description.log"
    with _PROCESSES:
        exit_reason = _run(request, log, settings.describe_seconds)
    if exit_reason != 0:
        _log.warning(
            "The process that describes %s ended with %s. The end of its output: %s",
            publication.upload.handle,
            exit_reason,
            _end_of_log(log),
        )
        raise _rejection(exit_reason, settings)
    return _description(answer, settings)


def _run(request: dict[str, Any], log: Path, seconds: int) -> int | str:
    """Runs the process. Returns its exit code, or "time" when it took too long."""
    # The environment has only what Python needs to find the program: the hub's passwords must not be in it.
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", _PROCESS]
    with open(log, "wb") as output:
        try:
            completed = subprocess.run(
                command,
                input=json.dumps(request).encode(),
                stdout=output,
                stderr=output,
                env=environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C then goes to the hub only, which finishes publications first
                timeout=4 * seconds + 10,  # the process has a limit of CPU time; this one is of elapsed time
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "time"
    if -completed.returncode in _OUT_OF_TIME:
        return "time"
    return completed.returncode


def _description(answer: Path, settings: ServerSettings) -> ModuleDescription:
    if answer.stat().st_size > LARGEST_ANSWER:
        raise _rejection("memory", settings)
    value = json.loads(answer.read_bytes())
    if "exceeded" in value:
        raise _rejection(value["exceeded"], settings)
    if "error" in value:
        error_class = getattr(errors, value["error"])
        assert issubclass(error_class, errors.HubError)
        raise error_class(value["problem"], hint=value["hint"])
    return ModuleDescription.from_dict(value["description"])


def _rejection(exit_reason: int | str, settings: ServerSettings) -> RejectedError:
    advice = "Keep weights in variables, not in the graph, or ask the administrator to raise"
    if exit_reason == "memory":
        return RejectedError(
            f"Reading the module takes more than {settings.describe_memory // MIB} MiB of memory.",
            hint=f"{advice} TFHUB_SERVER_DESCRIBE_MEMORY.",
        )
    if exit_reason == "time":
        return RejectedError(
            f"Reading the module takes more than {settings.describe_seconds} s.",
            hint=f"{advice} TFHUB_SERVER_DESCRIBE_SECONDS.",
        )
    return RejectedError(
        "The module cannot be read: the process that read it crashed.",
        hint="If `hub.load` can load it, ask the administrator to look at the log of the hub.",
    )


def _end_of_log(log: Path) -> str:
    return log.read_bytes()[-2000:].decode(errors="replace")
