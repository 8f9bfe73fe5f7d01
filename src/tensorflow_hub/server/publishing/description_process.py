"""Describes a module in this process, which does nothing else: within limits, and with nothing to lose.

    python -m tensorflow_hub.server.publishing.description_process < request.json

What a stranger uploaded is parsed here, so that what goes wrong ends this process and not the hub's. The
answer goes into a file: its size has a limit, which that of a pipe has not.
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
    """Reads the request, describes, writes the answer."""
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
