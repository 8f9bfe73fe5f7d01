"""Describes what was uploaded in a process of its own, which has limits and may be killed without harm."""

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
# How a process ends that used up its time; Windows has no such signals.
_OUT_OF_TIME = {number for name in ("SIGXCPU", "SIGKILL") if (number := getattr(signal, name, None))}
_PROCESS = "tensorflow_hub.server.publishing.description_process"
# Each takes a processor and up to the memory of the setting; other publications wait for their turn.
_TURNS = threading.BoundedSemaphore(os.cpu_count() or 1)


def describe_apart(publication: Publication, settings: ServerSettings) -> ModuleDescription:
    """The description of the unpacked module.

    Raises:
      FormatError: it holds no module, or a damaged one.
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
    with _TURNS:
        ended = _run(request, publication.workspace / "description.log", settings.describe_seconds)
    if ended != 0:
        _log.warning(
            "The process that describes %s ended with %s: %s",
            publication.upload.handle,
            ended,
            _last_words(publication.workspace / "description.log"),
        )
        raise _refused(ended, settings)
    return _description(answer, settings)


def _run(request: dict[str, Any], log: Path, seconds: int) -> int | str:
    """Runs the process; 0, or how it ended."""
    # Neither the hub's passwords nor its working directory: only where the program is.
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", _PROCESS]
    with open(log, "wb") as output:
        try:
            done = subprocess.run(
                command,
                input=json.dumps(request).encode(),
                stdout=output,
                stderr=output,
                env=environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C stops the hub, which lets publications finish
                timeout=4 * seconds + 10,  # the limit is on its own time; a busy machine takes longer
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "time"
    if -done.returncode in _OUT_OF_TIME:
        return "time"
    return done.returncode


def _description(answer: Path, settings: ServerSettings) -> ModuleDescription:
    if answer.stat().st_size > LARGEST_ANSWER:
        raise _refused("memory", settings)
    value = json.loads(answer.read_bytes())
    if "exceeded" in value:
        raise _refused(value["exceeded"], settings)
    if "error" in value:
        kind = getattr(errors, value["error"])
        assert issubclass(kind, errors.HubError)
        raise kind(value["problem"], hint=value["hint"])
    return ModuleDescription.from_dict(value["description"])


def _refused(ended: int | str, settings: ServerSettings) -> RejectedError:
    smaller = "Keep weights in variables, not in the graph, or ask the administrator to raise"
    if ended == "memory":
        return RejectedError(
            f"Reading what is in the module takes more than {settings.describe_memory // MIB} MiB of memory.",
            hint=f"{smaller} TFHUB_SERVER_DESCRIBE_MEMORY.",
        )
    if ended == "time":
        return RejectedError(
            f"Reading what is in the module takes more than {settings.describe_seconds} s.",
            hint=f"{smaller} TFHUB_SERVER_DESCRIBE_SECONDS.",
        )
    return RejectedError(
        "What is in the module cannot be read: the process that tried broke.",
        hint="Does `hub.load` read it? If so, tell the administrator, who finds why in the log.",
    )


def _last_words(log: Path) -> str:
    return log.read_bytes()[-2000:].decode(errors="replace")
