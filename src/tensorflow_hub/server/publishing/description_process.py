"""The program that describes a module within limits of time and memory, in a process of its own.

    python -m tensorflow_hub.server.publishing.description_process < request.json

Uploaded files are parsed here and not in the hub, so that a crash ends only this process. The answer is
written to a file because the system can limit the size of a file, and not that of a pipe.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.description import describe
from tensorflow_hub.process_usage import limit_process

LARGEST_ANSWER = 256 << 20  # bytes


def main() -> None:
    """Reads the request from standard input, describes the module, and writes the answer to a file."""
    request = json.load(sys.stdin)
    limit_process(request["memory"], request["seconds"], LARGEST_ANSWER)
    try:
        answer = json.dumps(_answer(request))
    except MemoryError:
        answer = json.dumps({"exceeded": "memory"})
    Path(request["answer"]).write_text(answer)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    files = [FileEntry(**file) for file in request["files"]]
    try:
        found = describe(request["directory"], files, request["largest_graph"])
    except HubError as error:
        return {"error": type(error).__name__, "problem": error.problem, "hint": error.hint}
    return {"description": dataclasses.asdict(found)}


if __name__ == "__main__":
    main()
