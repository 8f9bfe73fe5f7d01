"""The prediction process: loads one module in a sandbox, and answers requests one after the other.

    python -m tensorflow_hub.tools.predicting.process ROOT FOLDER MEMORY SECONDS HIDDEN…

What others wrote is run here, so nothing of the hub is here: no files but the module's and those of Python,
no network, no secrets. Standard input is a socket; messages of `multiprocessing.connection` go both ways:

    ← +{"remembers": false}          the module is loaded
    → {"do": "predict", "body": {…}}
    ← +{"predictions": […]}          or -{"error": "InputError", "problem": "…", "hint": "…"}
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from tensorflow_hub.errors import HubError, LimitError
from tensorflow_hub.sandbox import FOLDER, enter

_MOST_ANSWER = 64 << 20  # bytes
_THREADS = 2


def main() -> None:
    """Answers until nobody asks any more."""
    root, folder, memory, seconds, *hidden = sys.argv[1:]
    enter(root, folder, hidden)
    hub = _take_standard_input()
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    tempfile.tempdir = "/"  # TensorFlow asks for it, and writes nothing there
    answer = _opened(hub)
    while answer is not None:
        try:
            request = json.loads(hub.recv_bytes())
        except EOFError:
            return
        _allow_processor(_THREADS * int(seconds))
        _send(hub, lambda request=request: answer(request))  # type: ignore[misc]


def _opened(hub: Connection) -> Callable[[Mapping[str, Any]], bytes] | None:
    """Loads the module and says so; what answers requests, or None when it cannot be loaded."""
    found: list[Callable[[Mapping[str, Any]], bytes]] = []

    def load() -> bytes:
        from tensorflow_hub.tools.predicting.answers import Answers

        answers = Answers(FOLDER, _THREADS)
        found.append(answers.to)
        return json.dumps({"remembers": answers.module.remembers}).encode()

    _send(hub, load)
    return found[0] if found else None


def _send(hub: Connection, work: Callable[[], bytes]) -> None:
    """Does what was asked for and sends what comes of it, or why nothing does."""
    try:
        said = work()
        if len(said) > _MOST_ANSWER:
            raise LimitError(
                f"The answer has {len(said):,} bytes, more than the hub sends.", hint="Send less at once."
            )
        hub.send_bytes(b"+" + said)
    except MemoryError:
        _refuse(hub, LimitError("The module needs more memory than the hub gives it.", hint="Send less."))
    except HubError as error:
        _refuse(hub, error)


def _refuse(hub: Connection, error: HubError) -> None:
    said = {"error": type(error).__name__, "problem": error.problem, "hint": error.hint}
    hub.send_bytes(b"-" + json.dumps(said).encode())


def _take_standard_input() -> Connection:
    """The socket to the hub, in a place where nothing else reads or writes."""
    own = os.dup(0)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Connection(own)


def _allow_processor(seconds: int) -> None:
    """Lets this process use so many more seconds; then the system ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, most))


if __name__ == "__main__":
    main()
