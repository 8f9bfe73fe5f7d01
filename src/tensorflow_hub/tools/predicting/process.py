"""The prediction process: loads one module in a sandbox, and answers requests one after the other.

    python -m tensorflow_hub.tools.predicting.process ROOT FOLDER MEMORY SECONDS HIDDEN…

The process runs modules of strangers. So it has nothing of the hub: only the files of the module and of
Python, no network, no secrets. Standard input is a socket for messages of `multiprocessing.connection`:

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
    """Answers requests until the hub closes the socket."""
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
    """Loads the module and tells the hub. Returns the function that answers requests; None after an error."""
    found: list[Callable[[Mapping[str, Any]], bytes]] = []

    def load() -> bytes:
        from tensorflow_hub.tools.predicting.served_module import ServedModule

        module = ServedModule(FOLDER, _THREADS)
        found.append(module.answer)
        return json.dumps({"remembers": module.remembers}).encode()

    _send(hub, load)
    return found[0] if found else None


def _send(hub: Connection, work: Callable[[], bytes]) -> None:
    """Calls `work` and sends its result or, after an error, the error."""
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
    """The socket to the hub, with another number, so that nothing else reads from it or writes to it."""
    own = os.dup(0)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Connection(own)


def _allow_processor(seconds: int) -> None:
    """Allows this process this many more seconds of processor time. After them, the system ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, most))


if __name__ == "__main__":
    main()
