"""Runs one module in a sandbox, in a process of its own, and answers requests one after the other.

    python -m tensorflow_hub.tools.predicting.process ROOT FOLDER MEMORY SECONDS HIDDEN…

The process runs modules of strangers. So it has nothing of the hub: only the files of the module and of
Python, no network, no secrets. Standard input is a socket for messages of `multiprocessing.connection`:

    ← +{"remembers": false}          the module is loaded
    → {"do": "predict", "body": {…}}   or "classify", "regress", "show"
    ← +{"predictions": […]}          or -{"error": "InputError", "problem": "…", "hint": "…"}
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
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
    module: Any = None
    with _errors_sent(hub):
        from tensorflow_hub.tools.predicting.served_module import ServedModule

        module = ServedModule(FOLDER, _THREADS)
        _send(hub, json.dumps({"remembers": module.remembers}).encode())
    while module:
        try:
            request = json.loads(hub.recv_bytes())
        except EOFError:
            return
        _allow_processor(_THREADS * int(seconds))
        with _errors_sent(hub):
            _send(hub, module.answer(request))


def _send(hub: Connection, answer: bytes) -> None:
    if len(answer) > _MOST_ANSWER:
        raise LimitError(
            f"The answer has {len(answer):,} bytes, more than the hub sends.", hint="Send less at once."
        )
    hub.send_bytes(b"+" + answer)


@contextlib.contextmanager
def _errors_sent(hub: Connection) -> Iterator[None]:
    """Sends errors of the module, or of the request, to the hub."""
    try:
        try:
            yield
        except MemoryError as error:
            message = "The module needs more memory than the hub gives it."
            raise LimitError(message, hint="Send less.") from error
    except HubError as error:
        said = {"error": type(error).__name__, "problem": error.problem, "hint": error.hint}
        hub.send_bytes(b"-" + json.dumps(said).encode())


def _take_standard_input() -> Connection:
    """Returns the socket to the hub with another number, so that nothing else reads or writes there."""
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
